package proxy

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// contact is how the last race for a first session ended.
type contact struct {
	dialed []messages.Server // those that were silent or failed
	winner messages.Server
}

// connected reports whether an attempt on server needs no race: it has a session, or it
// has failed before, and then there is no better one. Of the active server that is
// looked at once for each view.
func (c *call) connected(server messages.Server) bool {
	p, active := c.proxy, server.Addr == c.now.active.Addr
	switch {
	case active && c.now.met.Load(), p.pool == nil:
		return true
	case p.pool.Connected(server.Addr):
		if active {
			c.now.met.Store(true)
		}
		return true
	}
	h := c.now.view.Health(server)
	return h != messages.Unknown && h != messages.Alive
}

// reach answers the server that takes the attempt which was meant for first: first
// itself, or one that is connected while first is silent. The error is that of first's
// dial, when nobody answered, and otherwise why the call ends.
func (c *call) reach(ctx context.Context, first messages.Server) (messages.Server, error) {
	if c.connected(first) {
		return first, nil
	}
	order := c.way.Order(c.now.view)
	if len(order) == 1 {
		return first, nil
	}
	r := race{call: c, order: order, results: make(chan dialed, len(order)), Contact: attempt.NewContact(c.now.view)}
	winner, err := r.run(ctx)
	if err != nil {
		return first, r.failure(err)
	}
	c.way.Took(winner)
	return winner, nil
}

// race dials servers one beside the other. It belongs to the goroutine of its call.
type race struct {
	attempt.Contact
	call    *call
	order   []messages.Server
	results chan dialed
	err     error // of the first
}

// dialed is how a dial of a race ended.
type dialed struct {
	server messages.Server
	err    error
}

// run answers the first server that is connected. The dials of the others go on; what
// they bring about and nobody uses, the pool drops.
func (r *race) run(ctx context.Context) (messages.Server, error) {
	var dialing sync.WaitGroup
	defer dialing.Wait()
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		if winner, won := r.won(); won {
			return winner, nil
		}
		select {
		case <-next.C:
			if r.Dials() < len(r.order) && r.Wait(time.Now(), r.reached()) == 0 {
				r.dial(waiting, &dialing)
			}
		case d := <-r.results:
			if d.err == nil {
				r.met(d.server)
				return d.server, nil
			}
			if r.lost(ctx, d); r.Open() == 0 && r.Dials() == len(r.order) {
				return messages.Server{}, r.err
			}
		case <-ctx.Done():
			return messages.Server{}, ctx.Err()
		}
		next.Reset(r.pause())
	}
}

// pause is the time until the race looks again: for the next dial, or whether another
// call has met a server.
func (r *race) pause() time.Duration {
	if r.Dials() == len(r.order) {
		return attempt.ContactStagger
	}
	return r.Wait(time.Now(), r.reached())
}

// dial has the next server dialed.
func (r *race) dial(ctx context.Context, dialing *sync.WaitGroup) {
	server := r.order[r.Dials()]
	r.Begun(time.Now())
	dialing.Go(func() { r.results <- dialed{server, r.call.proxy.pool.Connect(ctx, server.Addr)} })
}

// lost takes note of a dial that failed. When it returns the view knows of it, unless ctx
// ends or the proxy stops, which the next step sees.
func (r *race) lost(ctx context.Context, d dialed) {
	r.Failed()
	_ = r.call.proxy.failed(ctx, messages.FailureNotice{Server: d.server, Epoch: r.call.now.view.Epoch(), Err: d.err})
	if d.server == r.order[0] {
		r.err = d.err
	}
	r.call.way.Unreached(d.server, alone(d.err))
}

// met remembers that winner was connected while others were silent: the calls that
// follow need not find that out.
func (r *race) met(winner messages.Server) {
	if winner != r.order[0] {
		r.call.proxy.contact.Store(&contact{dialed: r.order[:r.Dials()], winner: winner})
	}
}

// won is the server that another call has met while the first one of this race, which
// it has dialed as well, did not answer.
func (r *race) won() (messages.Server, bool) {
	last := r.call.proxy.contact.Load()
	if last == nil || !slices.Contains(last.dialed, r.order[0]) || !slices.Contains(r.order, last.winner) {
		return messages.Server{}, false
	}
	return last.winner, r.call.proxy.pool.Connected(last.winner.Addr)
}

// reached is how many of the dials under way have found a host.
func (r *race) reached() (n int) {
	for _, s := range r.order[:r.Dials()] {
		if r.call.proxy.pool.Reached(s.Addr) {
			n++
		}
	}
	return n
}

// failure is the error of the attempt on the first server, on which nothing was sent.
func (r *race) failure(err error) error {
	e := &CallError{Method: r.call.method, Server: r.order[0].Addr, Phase: pool.PhaseDial, Outcome: pool.NotSent, Err: err}
	if d, ok := errors.AsType[*pool.DialError](err); ok {
		e.Phase = d.Phase
	}
	return e
}
