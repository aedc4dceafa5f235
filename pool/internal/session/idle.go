package session

import (
	"slices"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
)

// idleStreams are the call streams of a session that wait for the next calls. Each costs a
// server a goroutine and about 20 KiB, so those that were not needed of late are closed.
type idleStreams struct {
	streams chan *callStream
	fewest  atomic.Int64 // that waited at once since the last trim: so many were not needed
	surplus atomic.Bool  // more than restStreams waited, and the pool's owner knows

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
	return &idleStreams{streams: make(chan *callStream, most)}
}

// take is an idle call stream or a new one, whose stream is not open yet.
func (c *idleStreams) take(s *base) *callStream {
	select {
	case l := <-c.streams:
		if n := int64(len(c.streams)); n < c.fewest.Load() {
			c.fewest.Store(n) // a lost race costs some streams that are opened again
		}
		return l
	default:
		return newCallStream(s, c)
	}
}

// put keeps the call stream for the next call, or discards it if there are enough.
func (l *callStream) put() {
	c := l.idle
	if l.session.ctx.Err() != nil || l.session.path.tooMuch(&l.meter.beyond) {
		l.discard()
		return
	}
	select {
	case c.streams <- l:
		if len(c.streams) > restStreams && !c.surplus.Load() {
			c.report(l.session)
		}
	default:
		l.discard()
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
	waiting := int64(len(c.streams))
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
	if len(c.streams) > restStreams {
		return
	}
	c.surplus.Store(false)
	if len(c.streams) > restStreams { // since then
		c.report(s)
	}
}

// discard closes up to n call streams, and returns how many.
func (c *idleStreams) discard(n int64) (closed int64) {
	for ; closed < n; closed++ {
		select {
		case l := <-c.streams:
			l.discard()
		default:
			return closed
		}
	}
	return closed
}

// drop drops all call streams of a session that has ended.
func (c *idleStreams) drop() {
	for {
		select {
		case <-c.streams:
		default:
			return
		}
	}
}
