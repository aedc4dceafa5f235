//go:build !unix || blockingwrites

package nbconn

import (
	"net"
	"testing"
)

func TestWhereAWriteMayBlockTheConnectionStaysAsItIs(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if wrapped := Wrap(conn, nil); wrapped != conn {
		t.Errorf("it was made a %T", wrapped)
	}
}
