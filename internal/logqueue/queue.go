package logqueue

import (
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/internal/contain"
)

// How many lines, and bytes of lines, may wait. What is more is dropped.
const (
	maxLines = 1024
	maxBytes = 1 << 20
)

// Queue is lines that wait to be written, in order. A nil Queue has none. The loggers that share one share its
// bounds and its goroutine, so one whose writer blocks holds up the others' lines.
type Queue struct {
	lines   chan *Line // nil: no logger wants any
	bytes   atomic.Int64
	written atomic.Uint64 // lines
	writing atomic.Bool   // the goroutine runs
	dropped atomic.Uint64
	dropper atomic.Pointer[Logger] // whose line was dropped last
	panics  contain.Tally

	told    uint64  // of the dropped lines, those that the log tells of; of the goroutine
	current *Logger // whose line is being written; of the goroutine
}

// New makes a Queue, which needs no end: its goroutine ends when nothing waits.
func New() *Queue { return new(Queue) }

// Dropped is how many lines were dropped because their writer did not keep up.
func (q *Queue) Dropped() uint64 {
	if q == nil {
		return 0
	}
	return q.dropped.Load()
}

// Panics is how many panics of others' code were contained, those of writers included.
func (q *Queue) Panics() uint64 {
	if q == nil {
		return 0
	}
	return q.panics.Count()
}

// put takes a line, or drops it. It does not block.
func (q *Queue) put(l *Line) {
	l.at, l.before = time.Now(), q.dropped.Load()
	taken := q.bytes.Add(l.size) <= maxBytes
	if taken {
		select {
		case q.lines <- l:
		default:
			taken = false
		}
	}
	if !taken {
		q.bytes.Add(-l.size)
		q.dropper.Store(l.to)
		q.dropped.Add(1)
	}
	q.start()
}

// start sees to it that the goroutine runs.
func (q *Queue) start() {
	if q.writing.CompareAndSwap(false, true) {
		go q.run()
	}
}

// run writes lines until none is left.
func (q *Queue) run() {
	returned := false
	defer func() {
		if !returned { // a writer has ended this goroutine
			q.current.Panicked(writers, contain.Exited())
			go q.run()
		}
	}()
	for {
		q.drain()
		more := q.told < q.dropped.Load() // it was dropped just now
		q.writing.Store(false)
		if !more && len(q.lines) == 0 || !q.writing.CompareAndSwap(false, true) {
			returned = true
			return
		}
	}
}

// drain writes what there is. Where lines were dropped it says so.
func (q *Queue) drain() {
	for {
		select {
		case l := <-q.lines:
			if l.flushed != nil {
				q.tellDropped(q.dropped.Load(), q.dropper.Load()) // the process may end now
				close(l.flushed)
				continue
			}
			q.bytes.Add(-l.size)
			q.tellDropped(l.before, l.to)
			q.write(l)
		default:
			q.tellDropped(q.dropped.Load(), q.dropper.Load())
			return
		}
	}
}

// tellDropped writes that lines were dropped, if there are any of which that is not written.
func (q *Queue) tellDropped(until uint64, to *Logger) {
	if until <= q.told {
		return
	}
	lost := until - q.told
	q.told = until
	if l := to.WithLevel(max(zerolog.WarnLevel, to.least)); l != nil {
		l.at, l.message = time.Now(), "log lines were dropped here: the writer of the log does not keep up"
		q.write(l.Uint64("dropped", lost))
	}
}

// writers is where a panic was that the writing of a line ended with.
const writers = "Config.Logger"

// write writes one line.
func (q *Queue) write(l *Line) {
	q.current = l.to
	l.to.Panicked(writers, contain.Call(l.write))
	q.written.Add(1)
}
