package session

import (
	"slices"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/internal/ondemand"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
)

// idleStreams are the call streams of a session that wait for the next calls. Each costs a
// server a goroutine and about 20 KiB, so those that were not needed of late are closed.
type idleStreams struct {
	few     chan *callStream                 // room for restStreams
	others  atomic.Pointer[chan *callStream] // those beyond; nil: there have been none. See beyond
	most    int                              // of both
	fewest  atomic.Int64                     // that waited at once since the last trim: so many were not needed
	surplus atomic.Bool                      // more than restStreams waited, and the pool's owner knows

	// Of the pool's owner.
	spare [trimRounds]int64 // not needed in each of the rounds before
	round int
}

const (
	// restStreams is how many stay, however little they are needed.
	restStreams = 4
	// trimRounds is for how many trims a call stream must not have been needed to be closed.
	trimRounds = 8
	// A trim closes a quarter of those, but no fewer and no more than so many: a server ends a
	// goroutine for each.
	trimLeast, trimMost = 8, 256
)

func newIdleStreams(most int) *idleStreams {
	return &idleStreams{few: make(chan *callStream, min(most, restStreams)), most: most}
}

// beyond is the channel for those for which few has no room, which is made with the first of them:
// few sessions have any. A caller that waits for one has it made, since it may come on either.
func (c *idleStreams) beyond() chan *callStream {
	return *ondemand.Get(&c.others, func() *chan *callStream {
		others := make(chan *callStream, c.most-cap(c.few))
		return &others
	})
}

// rest is beyond, nil where there is none.
func (c *idleStreams) rest() chan *callStream {
	if others := c.others.Load(); others != nil {
		return *others
	}
	return nil
}

// waiting is how many there are.
func (c *idleStreams) waiting() int { return len(c.few) + len(c.rest()) }

// next is one of them, nil where there is none.
func (c *idleStreams) next() *callStream {
	select {
	case l := <-c.few:
		return l
	default:
	}
	select {
	case l := <-c.rest():
		return l
	default:
		return nil
	}
}

// keep adds one. It reports false where there are enough.
func (c *idleStreams) keep(l *callStream) bool {
	select {
	case c.few <- l:
		return true
	default:
	}
	select {
	case c.beyond() <- l:
		return true
	default:
		return false
	}
}

// take is an idle call stream or a new one, whose stream is not open yet.
func (c *idleStreams) take(s *base) *callStream {
	l := c.next()
	if l == nil {
		return newCallStream(s, c)
	}
	if n := int64(c.waiting()); n < c.fewest.Load() {
		c.fewest.Store(n) // a lost race costs some streams that are opened again
	}
	return l
}

// put keeps the call stream for the next call, or discards it if there are enough.
func (l *callStream) put() {
	l.timer.Stop()
	c, s := l.idle, l.session // l is the next caller's, as soon as it is kept
	if s.ctx.Err() != nil || s.path.tooMuch(&l.meter.beyond) {
		l.discard()
		return
	}
	if !c.keep(l) {
		l.discard()
		return
	}
	if c.waiting() > restStreams && !c.surplus.Load() {
		c.report(s)
	}
}

// report has the pool's owner trim, until there is no surplus.
func (c *idleStreams) report(s *base) {
	if c.surplus.CompareAndSwap(false, true) && !s.cfg.Notify.TryTell(poolcore.Surplus{Session: s.ID}) {
		c.surplus.Store(false) // it is repeated with the next call
	}
}

// trim ends a round: it closes some of the call streams that were needed in none of the last
// trimRounds. Those of a retired session are needed no more.
func (c *idleStreams) trim(s *base) {
	waiting := int64(c.waiting())
	c.spare[c.round] = min(c.fewest.Swap(waiting), waiting)
	c.round = (c.round + 1) % trimRounds
	spare := slices.Min(c.spare[:])
	if s.calls.Load()&retiredBit != 0 {
		spare = waiting
	}
	spare = min(spare, waiting-restStreams)
	closed := c.discard(min(spare, max(spare/4, trimLeast), trimMost))
	for i := range c.spare {
		c.spare[i] -= closed
	}
	if c.waiting() > restStreams {
		return
	}
	c.surplus.Store(false)
	if c.waiting() > restStreams { // since then
		c.report(s)
	}
}

// discard closes up to n call streams, and returns how many.
func (c *idleStreams) discard(n int64) (closed int64) {
	for ; closed < n; closed++ {
		l := c.next()
		if l == nil {
			return closed
		}
		l.discard()
	}
	return closed
}

// drop drops all call streams of a session that has ended.
func (c *idleStreams) drop() {
	for c.next() != nil {
	}
}
