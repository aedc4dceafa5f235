package actor

import (
	"sync"
	"time"
)

// batch is how many messages share one reading of the clock, and of the deadline,
// at most. To read the clock costs as much as to take a message.
const batch = 32

// run is the actor's life: the loop, then the last call, then done. The end is
// deferred so that it comes even if the Behavior ends the goroutine.
func run[M any](box *mailbox[M], b Behavior[M], group *sync.WaitGroup) {
	cause := ErrStopped
	var l letter[M]
	defer func() {
		box.end(cause)
		l.abandon(cause) // it was not processed, or its answer is there already
	}()
	defer guard(&cause, func() { b.Stop(cause) })
	guard(&cause, func() { take(box, b, group, &l) })
	if fault := box.fault.Load(); fault != nil && cause == ErrStopped { //nolint:errorlint // a PanicError may wrap it
		cause = *fault
	}
}

// take is the loop itself. It waits for its mailbox and for nothing else, since a
// receive costs half of a select; what has to reach it besides messages is a
// knock. What else has come in is taken before it looks at the clock again. When it
// ends, l is the message received last.
func take[M any](box *mailbox[M], b Behavior[M], group *sync.WaitGroup, l *letter[M]) {
	var clock clock
	bell := alarm{ring: func() { box.knock(due) }, group: group}
	defer bell.off()
	for {
		bell.set(b.Deadline())
		*l = letter[M]{} // or the message stays in memory while the actor waits
		*l = <-box.ch
		now := clock.now()
		for n := 1; ; n++ {
			knocks := box.knocks.Load()
			if knocks&stopped == 0 && (knocks&due != 0 || n == 1 && over(bell.at, now)) {
				now = clock.now()
				expire(box, b, &bell, now)
				knocks = box.knocks.Load()
			}
			if knocks&stopped != 0 {
				return // what is in the mailbox is taken no further, nor is what came due
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
	bell.off() // to be set anew before the actor waits, also to what it was set to
	if over(b.Deadline(), now) {
		b.Expire(now)
	}
}
