package session

import (
	"context"
	"sync/atomic"
)

// attendance is how a session is run without a goroutine that waits: most have nothing to do but wait
// for their end. What happens to the session begins one, unless one is at work already.
type attendance struct {
	events  atomic.Uint32
	within  context.Context // of Attend, as the rest
	begin   func(attend func() (rests bool))
	attend  func() (rests bool)
	unwatch func() bool // within is no more looked at
}

// What has happened to a session and was not acted on.
const (
	eventLeaving = 1 << iota // its server takes no new stream
	eventDrained             // it is retired, and the last call or stream has ended
	eventEnded               // its context, or its network, has ended

	attended // Attend was called
	atWork   // a goroutine acts on what has happened, or is about to begin; it stays after the end
)

// happens notes an event. It does not block.
func (s *attendance) happens(event uint32) {
	for {
		at := s.events.Load()
		now := at | event
		if at&attended != 0 {
			now |= atWork
		}
		if s.events.CompareAndSwap(at, now) {
			if now&^at&atWork != 0 {
				s.begin(s.attend)
			}
			return
		}
	}
}
