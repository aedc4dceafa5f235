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

// connected reports whether an attempt on server needs no race: it has a session, or it
// has failed before, and then there is no better one. Of the active server that is
// looked up once for each snapshot.
func (c *call) connected(server messages.Server) bool {
	p, active := c.shared.pool, server.Addr == c.snap.active.Addr
	switch {
	case active && c.shared.connected.Load() == c.snap, p == nil:
		return true
	case p.Connected(server.Addr):
		if active {
			c.shared.connected.Store(c.snap)
		}
		return true
	}
	h := c.snap.view.Health(server)
	return h != messages.Unknown && h != messages.Alive
}

// dial returns the server for the attempt that was meant for first: first itself, or one
// that connects while first is silent. The error is that of first's dial if no server
// connected, and otherwise why the call ends.
func (c *call) dial(ctx context.Context, first messages.Server) (messages.Server, error) {
	if c.connected(first) {
		return first, nil
	}
	order := c.way.Order(c.snap.view)
	if len(order) == 1 {
		return first, nil
	}
	r := race{call: c, order: order, results: make(chan dialResult, len(order)), Contact: attempt.NewContact(c.snap.view)}
	winner, err := r.run(ctx)
	if err != nil {
		return first, r.callError(err)
	}
	c.way.Took(winner)
	return winner, nil
}

// race dials several servers in parallel. It belongs to the goroutine of its call.
type race struct {
	attempt.Contact
	call    *call
	order   []messages.Server
	results chan dialResult
	err     error // of the first server
}

// dialResult is how one dial of a race ended.
type dialResult struct {
	server messages.Server
	err    error
}

// run returns the first server that is connected. The dials of the others go on; the pool
// drops sessions that no call uses.
func (r *race) run(ctx context.Context) (messages.Server, error) {
	var dialing sync.WaitGroup
	defer dialing.Wait()
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		if winner, won := r.wonElsewhere(); won {
			return winner, nil
		}
		select {
		case <-next.C:
			if r.Dials() < len(r.order) && r.Wait(time.Now(), r.reached()) == 0 {
				r.dialNext(waiting, &dialing)
			}
		case d := <-r.results:
			if d.err == nil {
				r.publish(d.server)
				return d.server, nil
			}
			if r.dialFailed(ctx, d); r.Open() == 0 && r.Dials() == len(r.order) {
				return messages.Server{}, r.err
			}
		case <-ctx.Done():
			return messages.Server{}, ctx.Err()
		}
		next.Reset(r.wait())
	}
}

// wait is the time until the race looks again: for the next dial, or whether another
// call has connected a server.
func (r *race) wait() time.Duration {
	if r.Dials() == len(r.order) {
		return attempt.ContactStagger
	}
	return r.Wait(time.Now(), r.reached())
}

// dialNext starts the dial of the next server.
func (r *race) dialNext(ctx context.Context, dialing *sync.WaitGroup) {
	server := r.order[r.Dials()]
	r.Begun(time.Now())
	dialing.Go(func() { r.results <- dialResult{server, r.call.shared.pool.Connect(ctx, server.Addr)} })
}

// dialFailed notes a dial that failed. When it returns the view shows the failure, unless
// ctx ends or the proxy stops, which the next step sees.
func (r *race) dialFailed(ctx context.Context, d dialResult) {
	r.Failed()
	_ = r.call.shared.reportFailure(ctx, messages.FailureNotice{Server: d.server, Epoch: r.call.snap.view.Epoch(), Err: d.err})
	if d.server == r.order[0] {
		r.err = d.err
	}
	r.call.way.Unreached(d.server, backoffEnd(d.err))
}

// publish lets the calls that follow know that winner was connected while others were
// silent.
func (r *race) publish(winner messages.Server) {
	if winner != r.order[0] {
		r.call.shared.race.Store(&raceResult{dialed: r.order[:r.Dials()], winner: winner})
	}
}

// wonElsewhere returns a server that another call has connected while the first one of
// this race, which that call has dialed as well, did not answer.
func (r *race) wonElsewhere() (messages.Server, bool) {
	last := r.call.shared.race.Load()
	if last == nil || !slices.Contains(last.dialed, r.order[0]) || !slices.Contains(r.order, last.winner) {
		return messages.Server{}, false
	}
	return last.winner, r.call.shared.pool.Connected(last.winner.Addr)
}

// reached is how many of the dials under way have found a host.
func (r *race) reached() (n int) {
	for _, s := range r.order[:r.Dials()] {
		if r.call.shared.pool.Reached(s.Addr) {
			n++
		}
	}
	return n
}

// callError is the error of the attempt on the first server, on which nothing was sent.
func (r *race) callError(err error) error {
	e := &CallError{Method: r.call.method, Server: r.order[0].Addr, Phase: pool.PhaseDial, Outcome: pool.NotSent, Err: err}
	if d, ok := errors.AsType[*pool.DialError](err); ok {
		e.Phase = d.Phase
	}
	return e
}
