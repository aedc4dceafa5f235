package heartbeat

import "github.com/open-nomad/rpcproxy/internal/contain"

// eventsMost is how many events are queued while a callback does not return.
const eventsMost = 64

// inCallback is where a callback has panicked, for the log.
const inCallback = "a heartbeat callback"

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
			h.log.Panicked(inCallback, contain.Exited())
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
				h.log.Panicked(inCallback, contain.Call(call))
			}
		}
	}
}
