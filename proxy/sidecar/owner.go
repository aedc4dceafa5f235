package sidecar

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

// message is a message to the owner of the connections.
type message interface{ sidecar() }

type (
	// arrived is a connection that was accepted.
	arrived struct{ conn net.Conn }
	// greeted is a connection of which it is known what it carries.
	greeted struct {
		id    uint64
		agent *agent
	}
	// left is a connection that has ended.
	left struct{ id uint64 }
	// drain asks for an answer once no agent has a call under way.
	drain struct{ reply actor.Reply[bool] }
)

func (arrived) sidecar() {}
func (greeted) sidecar() {}
func (left) sidecar()    {}
func (drain) sidecar()   {}

// Abandon closes a connection that nobody takes any more.
func (a arrived) Abandon(error) { _ = a.conn.Close() }

// Abandon answers.
func (d drain) Abandon(error) { d.reply.Send(false) }

// owner knows the connections of agents, and how many there may be.
type owner struct {
	side    *Sidecar
	self    actor.Self[message]
	next    uint64
	conns   map[uint64]*entry
	peers   map[string]int
	unknown []uint64 // connections that were not greeted, the oldest first

	draining []actor.Reply[bool]
	look     time.Time // when to see whether agents have calls under way; zero: never
}

// entry is one connection.
type entry struct {
	conn  net.Conn
	peer  string
	agent *agent // nil: it was not greeted
}

func newOwner(s *Sidecar, self actor.Self[message]) *owner {
	return &owner{side: s, self: self, conns: make(map[uint64]*entry), peers: make(map[string]int)}
}

// Step takes one message.
func (o *owner) Step(now time.Time, m message) {
	switch m := m.(type) {
	case arrived:
		o.arrived(m.conn)
	case greeted:
		o.known(m.id)
		if e := o.conns[m.id]; e != nil {
			e.agent = m.agent
			if o.draining != nil {
				m.agent.session.GoAway()
			}
		}
	case left:
		o.left(m.id)
	case drain:
		for _, e := range o.conns {
			if e.agent != nil {
				e.agent.session.GoAway()
			}
		}
		o.draining, o.look = append(o.draining, m.reply), now
	}
}

// drainPause is how often it is looked whether agents have calls under way.
const drainPause = 5 * time.Millisecond

// Expire answers who waits for agents to have no calls under way.
func (o *owner) Expire(now time.Time) {
	o.look = now.Add(drainPause)
	for _, e := range o.conns {
		if e.agent != nil && e.agent.busy() {
			return
		}
	}
	o.look = time.Time{}
	o.answer(true)
}

// Deadline is when to look again.
func (o *owner) Deadline() time.Time { return o.look }

// Stop answers who waits. The connections end with the actor's context.
func (o *owner) Stop(error) {
	o.side.closeListeners()
	o.answer(false)
}

func (o *owner) answer(idle bool) {
	for _, r := range o.draining {
		r.Send(idle)
	}
	o.draining = o.draining[:0]
}

// greed is how many times as many connections a peer may have as it leaves to the others.
const greed = 3

// arrived serves a connection, or closes it if there are too many.
func (o *owner) arrived(conn net.Conn) {
	s := o.side
	peer := peerOf(conn)
	free := s.cfg.MaxConns - len(o.conns)
	full := free <= 0 || o.peers[peer] >= greed*free
	if o.draining != nil || full && !o.evict() {
		s.refused(conn, reasonTooMany, nil)
		return
	}
	if len(o.unknown) >= max(s.cfg.MaxConns/4, 1) {
		o.evict()
	}
	o.next++
	id := o.next
	o.conns[id] = &entry{conn: conn, peer: peer}
	o.peers[peer]++
	o.unknown = append(o.unknown, id)
	s.counts.accepted.Add(1)
	s.counts.conns.Add(1)
	o.self.Go(func(ctx context.Context) {
		defer func() { _ = o.self.Ref().Tell(context.Background(), left{id}) }() // fails once the owner has ended
		defer s.counts.conns.Add(-1)
		s.serve(ctx, conn, func(a *agent) { _ = o.self.Ref().Tell(ctx, greeted{id, a}) }) // the same
	})
}

// evict closes the oldest connection that has not said what it is, and reports whether there was
// one.
func (o *owner) evict() bool {
	if len(o.unknown) == 0 {
		return false
	}
	id := o.unknown[0]
	o.side.refused(o.conns[id].conn, reasonSlow, nil)
	o.left(id)
	return true
}

// known takes a connection from those that were not greeted.
func (o *owner) known(id uint64) {
	if i := slices.Index(o.unknown, id); i >= 0 {
		o.unknown = slices.Delete(o.unknown, i, i+1)
	}
}

// left forgets a connection, once.
func (o *owner) left(id uint64) {
	e := o.conns[id]
	if e == nil {
		return
	}
	o.known(id)
	delete(o.conns, id)
	if o.peers[e.peer]--; o.peers[e.peer] == 0 {
		delete(o.peers, e.peer)
	}
}

// peerOf is what connections are counted by: the address without the port.
func peerOf(conn net.Conn) string {
	if addr, tcp := conn.RemoteAddr().(*net.TCPAddr); tcp {
		return addr.IP.String()
	}
	return conn.RemoteAddr().Network()
}

// The pauses after an Accept that has failed, as for want of descriptors.
const (
	acceptPause   = 5 * time.Millisecond
	longestAccept = time.Second
)

// accept accepts connections until the listener is closed.
func (o *owner) accept(ctx context.Context, l net.Listener) {
	pause := acceptPause
	for {
		conn, err := l.Accept()
		switch {
		case err == nil:
			pause = acceptPause
			if o.self.Ref().Tell(ctx, arrived{conn}) != nil {
				_ = conn.Close() // the owner has ended
				return
			}
		case ctx.Err() != nil, errors.Is(err, net.ErrClosed):
			return
		default:
			o.side.notice(reasonAccept, "", err)
			wait := time.NewTimer(pause)
			select {
			case <-wait.C:
			case <-ctx.Done():
			}
			wait.Stop()
			pause = min(2*pause, longestAccept)
		}
	}
}

// watchProxy ends the owner when the Proxy ends for a fault.
func (o *owner) watchProxy(ctx context.Context) {
	p := o.side.proxy
	select {
	case <-p.Done():
		if err := p.Err(); err != ErrStopped { //nolint:errorlint // a fault may wrap it
			o.self.End(err)
		}
	case <-ctx.Done():
	}
}
