package cluster

import "fmt"

// A majority of the servers dies.
func Example() {
	c := newRig(Config{Servers: 5})
	c.pass(Election)
	fmt.Println(c.HasLeader(0))
	for n := range 3 {
		c.Kill(n)
	}
	fmt.Println(c.HasLeader(0))
	c.BeginAll()
	c.pass(Election)
	fmt.Println(c.HasLeader(0))
	// Output:
	// true
	// false
	// true
}
