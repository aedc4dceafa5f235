package heartbeat

import (
	"fmt"
	"runtime/debug"
)

// eventsMost is how many events may wait for a callback that does not return.
const eventsMost = 64

// tell has a callback called, after those that wait. It does not block: where 64
// wait already, the oldest is dropped.
func (l *loop) tell(call func()) {
	if len(l.h.events) == 0 {
		l.episode.dropped = false
	}
	for {
		select {
		case l.h.events <- call:
			return
		default:
		}
		select {
		case <-l.h.events:
			l.logDropped()
		default:
		}
	}
}

// deliver calls the callbacks. One that ends its goroutine does not end the
// delivery: another goroutine goes on with it.
func (h *Heartbeat) deliver() {
	returned := false
	defer func() {
		if !returned {
			h.group.Go(h.deliver)
		}
	}()
	for {
		select {
		case <-h.life.Done():
			returned = true
			return
		case call := <-h.events:
			if h.life.Err() == nil {
				h.contain(call)
			}
		}
	}
}

// contain calls a callback and logs its panic.
func (h *Heartbeat) contain(call func()) {
	defer func() {
		if cause := recover(); cause != nil {
			h.cfg.Logger.Error().Str("panic", fmt.Sprint(cause)).Bytes("stack", debug.Stack()).
				Msg("a heartbeat callback panicked: heartbeats go on")
		}
	}()
	call()
}
