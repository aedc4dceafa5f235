package testutil

import (
	"sync/atomic"
	"time"
)

// owner runs functions one after another on one goroutine. Only such functions
// touch the state, so it needs no lock. A function must not call do of its own
// owner: that would wait for itself.
type owner[S any] struct {
	calls chan func(*S)
	quit  chan struct{}
	done  chan struct{}
	ended atomic.Bool // quit is closed
}

// timed is state that wants to be woken. A zero deadline means never.
type timed interface {
	deadline() time.Time
	expire(now time.Time)
}

// own starts the goroutine that owns *state.
func own[S any](state *S) *owner[S] {
	o := &owner[S]{calls: make(chan func(*S)), quit: make(chan struct{}), done: make(chan struct{})}
	go o.run(state)
	return o
}

func (o *owner[S]) run(state *S) {
	defer close(o.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	waker, _ := any(state).(timed)
	for {
		var due <-chan time.Time
		if waker != nil {
			if at := waker.deadline(); !at.IsZero() {
				timer.Reset(time.Until(at))
				due = timer.C
			}
		}
		select {
		case f := <-o.calls:
			f(state)
		case now := <-due:
			waker.expire(now)
		case <-o.quit:
			return
		}
	}
}

// do runs f on the owner's goroutine and waits for it. It returns false when
// the owner has stopped and f did not run.
func (o *owner[S]) do(f func(*S)) bool {
	ran := make(chan struct{})
	select {
	case o.calls <- func(s *S) { f(s); close(ran) }:
		<-ran
		return true
	case <-o.done:
		return false
	}
}

// stop ends the goroutine and waits for it. It is idempotent.
func (o *owner[S]) stop() {
	if !o.ended.Swap(true) {
		close(o.quit)
	}
	<-o.done
}
