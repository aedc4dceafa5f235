package heartbeat

import (
	"time"
)

// loop is the goroutine that owns the state.
type loop struct {
	h       *Heartbeat
	core    core
	node    any
	status  string
	results chan result   // has room for the one call that is under way
	views   chan observed // closed when the Proxy was stopped
	renewed chan struct{} // the session to the server in front was replaced

	waiters []command // until a call of their kind has begun
	carried []command // until the call under way has ended
	err     error     // of the last heartbeat that failed since the last good one
	episode episode
}

// command is what a method asks of the loop.
type command struct {
	kind   kind // the call whose end is waited for
	join   bool // one that is under way will do
	change func(*loop)
	ended  chan error // has room for one
}

// run takes what comes in, one at a time, and makes the call that is due.
func (l *loop) run() {
	defer l.finish()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		l.due(time.Now())
		timer.Stop()
		if at := l.core.wake(); !at.IsZero() {
			timer.Reset(time.Until(at))
		}
		select {
		case <-l.h.life.Done():
			return
		case s, ok := <-l.views:
			if !ok {
				return
			}
			l.core.look(time.Now(), s)
		case <-l.renewed:
			l.core.renewed(time.Now())
		case c := <-l.h.commands:
			l.take(c)
		case r := <-l.results:
			if l.h.life.Err() != nil || stopping(r.err) {
				return
			}
			l.ended(r)
		case <-timer.C:
		}
	}
}

// finish ends everything with the loop.
func (l *loop) finish() {
	l.h.err = ErrStopped
	close(l.h.done)
	l.h.end()
}

// due does what is due.
func (l *loop) due(now time.Time) {
	if l.core.missed(now) {
		l.missed(now)
	}
	c, ok := l.core.begin(now)
	if !ok {
		return
	}
	wait := l.waiters[:0:0]
	for _, w := range l.waiters {
		if w.kind == c.kind {
			l.carried = append(l.carried, w)
		} else {
			wait = append(wait, w)
		}
	}
	l.waiters = wait
	args := l.args(c)
	l.h.group.Go(func() { l.results <- l.h.carry(c, args) })
}

// take does what a method asked for.
func (l *loop) take(c command) {
	if c.join && l.core.busy && l.core.calling == c.kind {
		l.carried = append(l.carried, c)
		return
	}
	l.waiters = append(l.waiters, c)
	c.change(l)
}

// ended takes how the call under way ended.
func (l *loop) ended(r result) {
	k := l.core.calling
	if r.err != nil {
		l.failed(k, r)
	} else {
		l.replied(k, r)
	}
	for _, w := range l.carried {
		w.ended <- r.err
	}
	l.carried = nil
}

// replied takes a good reply.
func (l *loop) replied(k kind, r result) {
	e := r.reply.event()
	e.Server, e.Took = r.from, l.core.took(r.at)
	late, renewed := l.core.replied(r.at, r.reply, r.from)
	e.IdentityRenewed, e.Margin, e.Late = renewed, max(-late, 0), max(late, 0)
	l.showToken()
	l.err = nil
	on := l.h.cfg.OnReply
	if k == register {
		on = l.h.cfg.OnRegistered
	}
	l.logReply(k, e)
	if on != nil {
		l.tell(func() { on(e) })
	}
}

// failed takes a failure.
func (l *loop) failed(k kind, r result) {
	why := meaning(r.err)
	l.core.fail(r.at, why)
	l.showToken()
	l.logFailure(k, why, r)
	if k == register {
		if on := l.h.cfg.OnRefused; on != nil {
			l.tell(func() { on(r.err) })
		}
		return
	}
	l.err = r.err
	if l.core.told || l.core.missed(r.at) {
		l.missed(r.at)
	}
}

// missed tells that the TTL has ended.
func (l *loop) missed(now time.Time) {
	m := Missed{
		TTL: l.core.ttl, LandBy: l.core.landBy, Late: l.core.late(now), Margin: l.core.margin(),
		Tries: l.core.failed[beat], Err: l.err,
	}
	l.logMissed(m)
	if on := l.h.cfg.OnMissed; on != nil {
		l.tell(func() { on(m) })
	}
}

// showToken publishes what AuthToken answers.
func (l *loop) showToken() {
	token := l.core.auth.show(beat)
	l.h.token.Store(&token)
}

// watch tells the loop of each view of the proxy, until either ends.
func (l *loop) watch() {
	for v := range l.h.cfg.Proxy.Watch(l.h.life) {
		select {
		case l.views <- see(v):
		case <-l.h.life.Done():
			return
		}
	}
	if l.h.life.Err() == nil {
		close(l.views) // the Proxy was stopped
	}
}

// follow tells the loop each time that the session to the server in front is replaced.
func (l *loop) follow() {
	for next := l.h.cfg.Proxy.Renewed(); ; {
		select {
		case <-next:
		case <-l.h.life.Done():
			return
		}
		next = l.h.cfg.Proxy.Renewed() // before it is told: what comes then is not missed
		select {
		case l.renewed <- struct{}{}:
		case <-l.h.life.Done():
			return
		}
	}
}
