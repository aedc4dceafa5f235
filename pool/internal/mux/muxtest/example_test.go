package muxtest

import "fmt"

// A Conn answers from a script and notes all that is written.
func Example() {
	c := &Conn{Reads: [][]byte{Head(0, Ping, ACK, 0, 7)}}
	_, _ = c.Write(Head(0, Ping, SYN, 0, 7))
	answer, err := Drain(c)
	fmt.Printf("% x\n% x\n%v\n", c.Writes[0], answer, err)
	// Output:
	// 00 02 00 01 00 00 00 00 00 00 00 07
	// 00 02 00 02 00 00 00 00 00 00 00 07
	// EOF
}
