package gometrics

import (
	"sync/atomic"

	metrics "github.com/hashicorp/go-metrics"

	"github.com/open-nomad/rpcproxy/internal/contain"
)

// mostWaiting is how many samples and counts may wait for the sink.
const mostWaiting = 4096

// told is a sample or a count that waits for the sink.
type told struct {
	key    []string
	labels []metrics.Label
	value  float32
	sample bool
	done   chan struct{} // closed in place of emitting anything; nil: it is one
}

// queue is what waits for the sink, in order. Calls only append to it: a sink that blocks holds none up. One
// goroutine takes it away, which runs while there is any.
type queue struct {
	waiting chan told
	running atomic.Bool
	lost    atomic.Uint64 // did not fit, or the sink panicked
	failed  atomic.Pointer[contain.Panic]
}

// put takes t, or counts it as lost. It does not block. What the sink panicked with meanwhile it passes on to
// its caller, and so to the Proxy.
func (e *Emitter) put(t told) {
	select {
	case e.queue.waiting <- t:
	default:
		e.queue.lost.Add(1)
	}
	e.start()
	if e.queue.failed.Load() != nil {
		if p := e.queue.failed.Swap(nil); p != nil {
			panic(p)
		}
	}
}

// flush waits until what is in the queue now was emitted.
func (e *Emitter) flush() {
	mark := told{done: make(chan struct{})}
	e.queue.waiting <- mark
	e.start()
	<-mark.done
}

// start sees to it that the goroutine runs.
func (e *Emitter) start() {
	if e.queue.running.CompareAndSwap(false, true) {
		go e.run()
	}
}

// run emits until nothing waits.
func (e *Emitter) run() {
	returned := false
	defer func() {
		if !returned { // the sink has ended this goroutine
			e.fail(contain.Exited())
			go e.run()
		}
	}()
	for {
		e.drain()
		e.queue.running.Store(false)
		if len(e.queue.waiting) == 0 || !e.queue.running.CompareAndSwap(false, true) {
			returned = true
			return
		}
	}
}

func (e *Emitter) drain() {
	for {
		select {
		case t := <-e.queue.waiting:
			if t.done != nil {
				close(t.done)
				continue
			}
			if p := contain.Call(func() { e.emit(t) }); p != nil {
				e.fail(p)
			}
		default:
			return
		}
	}
}

// emit gives t to go-metrics.
func (e *Emitter) emit(t told) {
	if t.sample {
		e.metrics().AddSampleWithLabels(t.key, t.value, t.labels)
		return
	}
	e.metrics().IncrCounterWithLabels(t.key, t.value, t.labels)
}

// fail counts what the sink has not taken, and keeps what it panicked with.
func (e *Emitter) fail(p *contain.Panic) {
	e.queue.lost.Add(1)
	e.queue.failed.Store(p)
}
