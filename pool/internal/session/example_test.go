package session

import (
	"context"
	"fmt"
	"net"

	"github.com/open-nomad/rpcproxy/pool/internal/session/sessiontest"
)

// A session is retired when another takes its place, and shut when nothing is on it.
func Example() {
	near, _ := net.Pipe()
	cfg := newConfig()
	s := New(context.Background(), cfg, connOn(near, cfg), 1, "192.0.2.1:4647")
	s.Attach(sessiontest.NewSilent()) // Greet for a connection to a server
	fmt.Println(s.Enter(), s.InFlight())
	s.Retire(errIdle, ErrMoved)
	fmt.Println(s.Enter(), s.InFlight())
	s.Leave()
	s.Shut()
	fmt.Println(s.Cause())
	s.Abort(nil)
	// Output:
	// true 1
	// false 1
	// idle
}
