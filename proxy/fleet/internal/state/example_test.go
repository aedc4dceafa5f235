package state

import "fmt"

// A server hangs, and is restarted: that ends it.
func Example() {
	s := Started()
	s.Hang(true)
	s.Kill()
	s.Start()
	fmt.Println(s.Up, s.Hung, s.Named)
	// Output: true false true
}
