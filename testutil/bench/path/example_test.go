package path_test

import (
	"fmt"
	"io"
	"net"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/bench/path"
	"github.com/open-nomad/rpcproxy/testutil/bench/plainserver"
)

func Example() {
	server, err := plainserver.Listen(func(conn net.Conn) { _, _ = io.Copy(conn, conn) })
	if err != nil {
		panic(err)
	}
	defer server.Close()
	far, err := path.Start(server.Addr(), path.Far())
	if err != nil {
		panic(err)
	}
	defer far.Close()
	conn, err := net.Dial("tcp", far.Addr())
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	begin := time.Now()
	_, err = io.WriteString(conn, "there and back")
	b := make([]byte, len("there and back"))
	if err == nil {
		_, err = io.ReadFull(conn, b)
	}
	fmt.Println(string(b), err, time.Since(begin) >= 20*time.Millisecond)
	// Output: there and back <nil> true
}
