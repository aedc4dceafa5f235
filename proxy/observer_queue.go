package proxy

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/logqueue"
)

// inObserver is where code of the agent's is called.
const inObserver = "Config.Observers"

// flushMost is the longest that flush waits.
const flushMost = 5 * time.Second

// eventsWaiting is how many events may wait for the observers.
const eventsWaiting = 256

// eventQueue calls functions one after the other in a goroutine of its own, which runs only while
// there are any: it needs no end.
type eventQueue struct {
	waiting chan func()
	running atomic.Bool
	dropped atomic.Uint64
	log     *logqueue.Logger
}

func (q *eventQueue) init(log *logqueue.Logger) {
	q.waiting, q.log = make(chan func(), eventsWaiting), log
}

// put takes an event, or drops it. It does not block.
func (q *eventQueue) put(event func()) {
	select {
	case q.waiting <- event:
	default:
		q.dropped.Add(1)
	}
	q.start()
}

// start sees to it that the goroutine runs.
func (q *eventQueue) start() {
	if q.running.CompareAndSwap(false, true) {
		go q.run()
	}
}

// run calls what waits until nothing does.
func (q *eventQueue) run() {
	returned := false
	defer func() {
		if !returned { // an observer has ended this goroutine
			q.log.Panicked(inObserver, contain.Exited())
			go q.run()
		}
	}()
	for {
		q.drain()
		q.running.Store(false)
		if len(q.waiting) == 0 || !q.running.CompareAndSwap(false, true) {
			returned = true
			return
		}
	}
}

func (q *eventQueue) drain() {
	for {
		select {
		case event := <-q.waiting:
			event()
		default:
			return
		}
	}
}

// flush waits until what is in the queue now was called, but not beyond ctx, nor flushMost.
func (q *eventQueue) flush(ctx context.Context) {
	if !q.running.Load() && len(q.waiting) == 0 {
		return
	}
	ctx, stop := context.WithTimeout(ctx, flushMost)
	defer stop()
	told := make(chan struct{})
	select {
	case q.waiting <- func() { close(told) }:
		q.start()
	case <-ctx.Done():
		return
	}
	select {
	case <-told:
	case <-ctx.Done():
	}
}
