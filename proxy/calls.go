package proxy

import (
	"context"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/halfhung"
)

// calls is the state that the calls of a Proxy, or of a Tenant, share.
type calls struct {
	cfg       *Config
	board     *board
	owner     actor.Ref[messages.Message]
	pool      *ownPool // nil: the connections are the embedder's
	caller    Caller   // nil: the Pinger carries no calls
	streamer  Streamer // nil: nor streams
	life      context.Context
	noServers func() error // Proxy.noServers
	tenant    bool         // it may end before the owner does
	observers *observers   // of calls and attempts; nil: there are none
	tally     *tally

	race      atomic.Pointer[raceResult] // of the last race for a first session
	connected atomic.Pointer[snapshot]   // the one in which a call has found a session to the active server

	*learned
}

// learned is what calls have learned about servers, also those of tenants.
type learned struct {
	tokens   retryTokens
	paces    paces
	halfhung atomic.Pointer[halfhung.Log] // which servers leave which methods unanswered
}

// raceResult is how the last race for the first session of a call ended.
type raceResult struct {
	dialed []messages.Server // those that were silent or failed
	winner messages.Server
}

// reportFailure sends the owner a failure notice and waits until it is taken.
func (s *calls) reportFailure(ctx context.Context, n messages.FailureNotice) error {
	own := s.tenant && ownTrouble(n.Err)
	n.Err = freeze(s.cfg.log, n.Err)
	_, err := actor.Ask(ctx, s.owner, func(r actor.Reply[bool]) messages.Message {
		if n.Reply = r; own {
			return doubtful{n}
		}
		return n
	})
	return err
}

// reportAnswer tells the owner that a server has answered of which it did not know that it
// does. Of the calls that find out together one reports it; what a full mailbox loses, the
// next call reports again.
func (s *calls) reportAnswer(snap *snapshot, server messages.Server) {
	active := server.Addr == snap.active.Addr
	switch {
	case active && (!snap.unconfirmed.Load() || !snap.unconfirmed.CompareAndSwap(true, false)):
		return
	case !active && !unproven(snap.view.Health(server)):
		return
	}
	if s.owner.TryTell(messages.Recovered{Server: server, Epoch: snap.view.Epoch()}) != nil && active {
		snap.unconfirmed.Store(true)
	}
}
