package watch

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
)

// Source is where events come from.
type Source interface {
	// Run tells events until ctx ends, or it can go on no longer, which is its error. emit
	// may be called by several goroutines; it blocks while events are not taken, until ctx
	// ends. Run leaves no goroutine behind.
	Run(ctx context.Context, emit func(Event)) error
}

// Event is one of the types of this file.
type Event interface{ event() }

// Probed is one probe of a server.
type Probed struct {
	At     time.Time
	Addr   string
	RTT    time.Duration
	Failed string // why there is no answer; empty: there is one

	Asked   bool   // it was asked which leader it knows, and answered
	Leader  string // that leader; empty: it knows none
	Version string // of the server; empty: not known
}

// Reported is the state of a proxy.
type Reported struct {
	Snapshot  proxy.Snapshot
	Decisions []proxy.Decision // those that are new or have changed, in any number
}

// Linked is what became of the connection to an agent.
type Linked struct {
	At  time.Time
	Up  bool
	Why string // it is not
}

func (Probed) event()   {}
func (Reported) event() {}
func (Linked) event()   {}
