package main

import "fmt"

// The same seed gives the same plan.
func Example() {
	p := newPlanner(1)
	for range 5 {
		if e, ok := p.next(); ok {
			fmt.Println(e)
		}
	}
	// Output:
	// 1.000s server 4: no-leader for 1.449s
	// 2.000s server 1: go-away for 165ms
	// 3.000s server 1: freeze for 5.347s
	// 4.000s server 4: slow for 2.94s, by 226ms
	// 5.000s server 2: mute for 3.479s
}
