package session

import (
	"context"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// Attend runs the session until it has ended, and ends it with stopped when ctx does. It returns at
// once. Each time that there is something to do it calls begin, which must not block, and must call
// attend in a goroutine. attend blocks while that is done, and reports whether the session rests: then
// begin will be called again. Else the session is over, and its resources are released: that was the
// last of its goroutines to end, and a handler may keep it. Cause is why. It may be called once, and
// after Attach.
//
// The session's own context does not come from ctx, so that its cause is always one of
// the pool's.
func (s *Session) Attend(ctx context.Context, stopped func() error, begin func(attend func() (rests bool))) {
	s.within, s.begin, s.attend, s.unwatch = ctx, begin, s.act, func() bool { return true }
	if ctx.Done() != nil {
		s.unwatch = context.AfterFunc(ctx, func() { s.cancel(stopped()) })
	}
	if !mux.ClosesConn(s.yamux) {
		s.group.run(func() { <-s.yamux.CloseChan(); s.happens(eventEnded) })
	}
	if before := s.events.Or(attended); before != 0 {
		s.happens(0)
	}
}

// Run is Attend in a goroutine that is there for that alone. It blocks until the session is over, and
// returns why it has ended.
func (s *Session) Run(ctx context.Context, stopped func() error) error {
	over := make(chan struct{})
	s.Attend(ctx, stopped, func(attend func() bool) {
		go func() {
			if !attend() {
				close(over)
			}
		}()
	})
	<-over
	return s.Cause()
}

// act acts on what has happened.
func (s *Session) act() (rests bool) {
	for {
		at := s.events.Load()
		if at&eventEnded != 0 && s.ctx.Err() == nil {
			s.cancel(s.conn.Ended(s.yamux))
		}
		switch {
		case at&eventLeaving != 0:
			s.events.And(^uint32(eventLeaving))
			s.cfg.Notify.Tell(s.within, poolcore.Leaving{Addr: s.Addr, Session: s.ID})
		case at&eventEnded != 0:
			s.end()
			return false
		case at&eventDrained != 0:
			s.events.And(^uint32(eventDrained))
			s.cfg.Notify.Tell(s.within, poolcore.Drained{Session: s.ID})
		case s.events.CompareAndSwap(at, at&^atWork):
			return true
		}
	}
}

// end reports the end of the session and releases its resources.
func (s *Session) end() {
	s.unwatch()
	_ = s.yamux.Close() // always nil; ends every call that blocks in yamux
	s.cfg.Notify.Tell(s.within, poolcore.Disconnected{Addr: s.Addr, Session: s.ID, Err: s.Cause()})
	s.group.leave()
	<-s.group.ended
	s.conn.Forget()
	s.idle.drop()
}
