package admit_test

import (
	"errors"
	"fmt"
	"net"

	"github.com/open-nomad/rpcproxy/proxy/sidecar/admit"
)

func Example() {
	policy := admit.Policy{AllowUIDs: []uint32{991}}
	if err := admit.CheckListen("0.0.0.0:4746", policy); err != nil {
		fmt.Println(err)
	}

	gate := admit.New(policy)
	one, other := net.Pipe() // what is accepted is a TCP connection
	defer func() { _, _ = one.Close(), other.Close() }()
	err := gate.Admit(one)
	if refused, ok := errors.AsType[*admit.RefusedError](err); ok {
		_ = refused.Key() // log one line of each
		fmt.Println("refused")
	}
	// Output:
	// admit: listening on "0.0.0.0:4746": other machines can reach it: give a loopback address, such as 127.0.0.1:4746, or allow_remote and TLS with client certificates for agents
	// refused
}
