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
}
