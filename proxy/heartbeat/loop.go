package heartbeat

import (
	"errors"
	"time"
)

// loop is the goroutine that owns the state.
type loop struct {
	h       *Heartbeat
	core    core
	node    any
	status  string
	results chan result      // has room for the one call that is under way
	views   chan observation // closed when the Proxy was stopped
	renewed chan struct{}    // the session to the active server was replaced

	queued  []command // for a call of their kind that has not begun
	sharing []command // for the call under way
	err     error     // of the last heartbeat that failed; nil after one that succeeded
	episode episode
}

// command is a method's request to the loop.
type command struct {
	kind     kind // of the call whose end the method waits for
	mayShare bool // a call that is under way is enough
	change   func(*loop)
	ended    chan error // has room for one
}

// run takes one event at a time, and makes the calls that are due.
func (l *loop) run() {
	defer l.finish()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		l.callDue(time.Now())
		timer.Stop()
		if at := l.core.deadline(); !at.IsZero() {
			timer.Reset(time.Until(at))
		}
		select {
		case <-l.h.life.Done():
			return
		case s, ok := <-l.views:
			if !ok {
				return
			}
			l.core.observe(time.Now(), s)
		case <-l.renewed:
			l.core.renewed(time.Now())
		case c := <-l.h.commands:
			l.accept(c)
		case r := <-l.results:
			if l.h.life.Err() != nil || errors.Is(r.err, ErrStopped) {
				return
			}
			l.callEnded(r)
		case <-timer.C:
		}
	}
}

// finish ends the other goroutines with the loop.
func (l *loop) finish() {
	l.h.err = ErrStopped
	close(l.h.done)
	l.h.end()
}

// callDue reports a missed TTL and begins the call that is due, if there are any.
func (l *loop) callDue(now time.Time) {
	if l.core.missed(now) {
		l.missed(now)
	}
	c, ok := l.core.begin(now)
	if !ok {
		return
	}
	wait := l.queued[:0:0]
	for _, w := range l.queued {
		if w.kind == c.kind {
			l.sharing = append(l.sharing, w)
		} else {
			wait = append(wait, w)
		}
	}
	l.queued = wait
	args := l.args(c)
	l.h.group.Go(func() { l.results <- l.h.contained(func() result { return l.h.makeCall(c, args) }) })
}

// accept carries out a command.
func (l *loop) accept(c command) {
	if c.mayShare && l.core.busy && l.core.calling == c.kind {
		l.sharing = append(l.sharing, c)
		return
	}
	l.queued = append(l.queued, c)
	c.change(l)
}

// callEnded takes the result of the call under way.
func (l *loop) callEnded(r result) {
	k := l.core.calling
	if r.err != nil {
		l.failed(k, r)
	} else {
		l.replied(k, r)
	}
	for _, w := range l.sharing {
		w.ended <- r.err
	}
	l.sharing = nil
}

// replied takes the result of a call that succeeded.
func (l *loop) replied(k kind, r result) {
	e := r.reply.event()
	e.Server, e.Took = r.from, l.core.took(r.at)
	late, renewed := l.core.callReplied(r.at, r.reply, r.from)
	e.IdentityRenewed, e.Margin, e.Late = renewed, max(-late, 0), max(late, 0)
	l.showToken()
	l.err = nil
	on := l.h.cfg.OnReply
	if k == register {
		on = l.h.cfg.OnRegistered
	}
	l.logReply(k, e)
	if on != nil {
		l.queueCallback(func() { on(e) })
	}
}

// failed takes the result of a call that failed.
func (l *loop) failed(k kind, r result) {
	reason := classify(r.err)
	l.core.callFailed(r.at, reason)
	l.showToken()
	l.logFailure(k, reason, r)
	if k == register {
		if on := l.h.cfg.OnRefused; on != nil {
			l.queueCallback(func() { on(r.err) })
		}
		return
	}
	l.err = r.err
	if l.core.missReported || l.core.missed(r.at) {
		l.missed(r.at)
	}
}

// missed reports that the TTL has ended.
func (l *loop) missed(now time.Time) {
	m := Missed{
		TTL: l.core.ttl, Deadline: l.core.ttlEnd, Late: l.core.late(now), Margin: l.core.margin(),
		Tries: l.core.failed[beat], Err: l.err,
	}
	l.logMissed(m)
	if on := l.h.cfg.OnMissed; on != nil {
		l.queueCallback(func() { on(m) })
	}
}

// showToken publishes the token for AuthToken.
func (l *loop) showToken() {
	token := l.core.auth.forCall(beat)
	l.h.token.Store(&token)
}

// watchViews gives the loop each view of the proxy, until either ends.
func (l *loop) watchViews() {
	for v := range l.h.cfg.Proxy.Watch(l.h.life) {
		select {
		case l.views <- observationOf(v):
		case <-l.h.life.Done():
			return
		}
	}
	if l.h.life.Err() == nil {
		close(l.views) // the Proxy was stopped
	}
}

// watchRenewals tells the loop each time that the session to the active server is replaced.
func (l *loop) watchRenewals() {
	for next := l.h.cfg.Proxy.Renewed(); ; {
		select {
		case <-next:
		case <-l.h.life.Done():
			return
		}
		next = l.h.cfg.Proxy.Renewed() // before the loop knows, so that no later renewal is missed
		select {
		case l.renewed <- struct{}{}:
		case <-l.h.life.Done():
			return
		}
	}
}
