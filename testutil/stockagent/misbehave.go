package stockagent

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// Inject adds faults to those that are there. What they say of sessions applies to those
// that are open, too. It does not wait for their effect.
func (a *Agent) Inject(faults ...Fault) {
	a.do(func(s *state) {
		for _, f := range faults {
			set := a.faults.Load().with(f)
			a.faults.Store(set)
			switch f.kind {
			case faultEndlessStreams:
				s.self.Go(func(ctx context.Context) { a.openStreams(ctx, f.count, set.healed) })
			case faultManyConnections:
				s.self.Go(func(ctx context.Context) { a.openConnections(ctx, f.count, set.healed) })
			}
		}
	})
}

// Heal removes all faults, ends the sessions that they have spoiled, and all that they
// have opened.
func (a *Agent) Heal() {
	a.do(func(s *state) {
		close(a.faults.Swap(newFaultSet()).healed)
		for one := range s.open {
			if one.via.spoiled.Load() {
				s.drop(one)
			}
		}
	})
}

// openStreams opens streams until there are so many or the session does not take more.
func (a *Agent) openStreams(ctx context.Context, count int, healed <-chan struct{}) {
	one, err := a.acquire(ctx, a.front())
	if err != nil {
		return // then there are none
	}
	defer a.release(one)
	a.do(func(s *state) {
		s.self.Go(func(context.Context) {
			select {
			case <-healed:
			case <-one.CloseChan():
			}
			a.forget(one) // it also ends an opening that the server does not answer
		})
	})
	for range count {
		if _, err := one.OpenMode(plainclient.ModeRPC); err != nil {
			break
		}
		a.do(func(s *state) { s.stats.Streams++ })
	}
	<-one.CloseChan()
}

// dialsAtOnce is how many connections are made at a time, at most.
const dialsAtOnce = 64

// openConnections opens so many connections and has each held.
func (a *Agent) openConnections(ctx context.Context, count int, healed <-chan struct{}) {
	dials := make(chan struct{}, dialsAtOnce)
	for range count {
		select {
		case dials <- struct{}{}:
		case <-healed:
			return
		case <-ctx.Done():
			return
		}
		a.do(func(s *state) {
			s.self.Go(func(ctx context.Context) {
				conn, err := a.connect(ctx, a.front())
				<-dials
				a.hold(conn, err, healed)
			})
		})
	}
}

// hold counts a connection that was made, or was not, and waits for its end.
func (a *Agent) hold(conn net.Conn, err error, healed <-chan struct{}) {
	if err != nil {
		a.do(func(s *state) { s.stats.Refused++ })
		return
	}
	defer func() { _ = conn.Close() }() // it has ended, or is to
	ended := make(chan struct{})
	var ours atomic.Bool // this side ends it
	held := a.do(func(s *state) {
		s.stats.Connections++
		s.self.Go(func(ctx context.Context) {
			select {
			case <-healed:
				ours.Store(true)
			case <-ctx.Done():
				ours.Store(true)
			case <-ended:
			}
			_ = conn.Close() // wakes what reads it
		})
	})
	if !held {
		return
	}
	_, err = conn.Write([]byte{plainclient.ModeYamux})
	for b := make([]byte, headLength); err == nil; { // what comes in is nothing to it
		_, err = conn.Read(b)
	}
	refused := !ours.Load()
	close(ended)
	a.do(func(s *state) {
		if s.stats.Connections--; refused {
			s.stats.Refused++
		}
	})
}
