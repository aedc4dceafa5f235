package roster_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

// A shell in one switch: a real one sets a pointer to the view, starts
// goroutines for probes and discovery, and writes logs.
func Example() {
	shell := func(r *roster.Roster) {
		for _, e := range r.Take() {
			switch e := e.(type) {
			case roster.Publish:
				active, _ := e.View.Active()
				fmt.Printf("view %d: %v of %d servers\n", e.View.Epoch(), active, e.View.Len())
			case roster.Probe:
				fmt.Println("probe", e.Server)
			case roster.EndRound:
				fmt.Println("cancel the probes of round", e.Round)
			case roster.Corroborate:
				fmt.Println("ask others than", e.Suspect)
			case roster.Discover:
				fmt.Println("look for servers")
			case roster.Log:
				fmt.Printf("%v: %s %v\n", e.Level, e.Message, e.Server)
			case roster.Answerer:
				e.Deliver()
			}
		}
	}

	one, _ := messages.ParseServer("10.0.0.1")
	two, _ := messages.ParseServer("10.0.0.2")
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

	// Which server is the first is this agent's own choice.
	r := roster.New(roster.Config{Servers: []messages.Server{one, two}}, rand.New(rand.NewPCG(1, 4)))
	r.Start(now)
	shell(r)
	r.Step(now, messages.FailureNotice{Server: one, Epoch: 1, Err: errors.New("connection refused")})
	shell(r)

	// Output:
	// view 1: 10.0.0.1:4647 of 2 servers
	// view 2: 10.0.0.2:4647 of 2 servers
	// debug: server failed 10.0.0.1:4647
	// warn: failing over 10.0.0.1:4647
}
