//go:build unix && !blockingwrites

package nbconn

import (
	"fmt"
	"io"
	"net"
)

// A Write returns although the peer does not read.
func Example() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer ln.Close()
	near, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		panic(err)
	}
	far, err := ln.Accept()
	if err != nil {
		panic(err)
	}
	defer far.Close()
	conn := Wrap(near, func(limit int) error { return fmt.Errorf("more than %d bytes wait", limit) })
	fmt.Println(conn.Write(make([]byte, 64<<20)))
	fmt.Println(conn.(*Conn).Congested())
	_, _ = io.ReadFull(far, make([]byte, 64<<20))
	_ = conn.Close()
	// Output:
	// 67108864 <nil>
	// true
}
