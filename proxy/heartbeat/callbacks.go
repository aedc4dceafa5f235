package heartbeat

import (
	"runtime/debug"

	"github.com/open-nomad/rpcproxy/internal/contain"
)

// eventsMost is how many events are queued while a callback does not return.
const eventsMost = 64

// queueCallback appends a callback to the queue. It does not block: when the queue is full
// the oldest is dropped.
func (l *loop) queueCallback(call func()) {
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

// deliver calls the callbacks. If one ends this goroutine (runtime.Goexit), another
// goroutine goes on.
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
			h.cfg.Logger.Error().Str("panic", contain.ValueText(cause)).Bytes("stack", debug.Stack()).
				Msg("a heartbeat callback panicked: heartbeats go on")
		}
	}()
	call()
}
