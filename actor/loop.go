package actor

import (
	"runtime"
	"sync"
	"time"
)

// batch is how many messages share one reading of the clock, and of the deadline,
// at most. To read the clock costs as much as to take a message.
const batch = 32

// loop is the actor's life. It belongs to the goroutine that runs it: there is one while
// there is something to take, and none while the actor rests.
type loop[M any] struct {
	box   *mailbox[M]
	b     Behavior[M]
	bell  alarm
	clock clock
	last  letter[M] // received last; no message: none was since the actor rested
}

func newLoop[M any](box *mailbox[M], b Behavior[M], group *sync.WaitGroup) *loop[M] {
	return &loop[M]{box: box, b: b, bell: alarm{ring: func() { box.knock(due) }, group: group}, last: letter[M]{knock: true}}
}

// run runs the loop until the actor rests, which it reports, or has ended: after the last
// call. The end is deferred so that it comes even if the Behavior ends the goroutine.
func (lp *loop[M]) run() (rests bool) {
	box, cause := lp.box, ErrStopped
	defer func() {
		if !rests {
			box.end(cause)
			lp.last.abandon(cause) // it was not processed, or its answer is there already
		}
	}()
	defer guard(&cause, func() {
		if !rests {
			lp.bell.off()
			lp.b.Stop(cause)
		}
	})
	guard(&cause, func() { rests = lp.take() })
	if fault := box.fault.Load(); fault != nil && !rests && cause == ErrStopped { //nolint:errorlint // a PanicError may wrap it
		cause = *fault
	}
	return rests
}

// take is the loop itself. It waits for nothing: where its mailbox is empty the actor rests,
// until a message or a knock begins the loop anew. What else has come in is taken before it looks at
// the clock again. It reports false when the actor is to end: last is the message received last then.
func (lp *loop[M]) take() (rests bool) {
	box, b, bell, l := lp.box, lp.b, &lp.bell, &lp.last
	for {
		bell.set(b.Deadline())
		*l = letter[M]{knock: true} // or the message stays in memory while the actor rests
		if !box.next(l) {
			runtime.Gosched() // to whoever has just been answered, and may send more
			if !box.next(l) {
				if box.rest() {
					return true
				}
				continue
			}
		}
		now := lp.clock.now()
		for n := 1; ; n++ {
			knocks := box.knocks.Load()
			if knocks&stopped == 0 && (knocks&due != 0 || n == 1 && over(bell.at, now)) {
				now = lp.clock.now()
				expire(box, b, bell, now)
				knocks = box.knocks.Load()
			}
			if knocks&stopped != 0 {
				return false // what is in the mailbox is taken no further, nor is what came due
			}
			if !l.knock {
				b.Step(now, l.m)
			}
			if n == batch || !box.next(l) {
				break
			}
		}
	}
}

// expire is for a bell that has rung or is about to. The clock decides, and what
// the deadline is by now.
func expire[M any](box *mailbox[M], b Behavior[M], bell *alarm, now time.Time) {
	box.knocks.And(^due)
	bell.off() // to be set anew before the actor rests, also to what it was set to
	if over(b.Deadline(), now) {
		b.Expire(now)
	}
}
