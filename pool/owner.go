package pool

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/credentials"
)

// owner runs the core: it hands it the messages and carries out its effects.
type owner struct {
	pool *Pool
	self actor.Self[*mail]
	core *poolcore.Core
	live map[uint64]*connection // every session that has not ended

	dialing map[uint64]context.CancelCauseFunc // gives up a dial under way

	tls rotation
}

func newOwner(p *Pool, self actor.Self[*mail]) *owner {
	o := &owner{
		pool: p, self: self,
		live: make(map[uint64]*connection), dialing: make(map[uint64]context.CancelCauseFunc),
	}
	o.core = poolcore.New(&poolcore.Config{
		Idle: p.cfg.IdleTimeout, Silence: p.cfg.SilenceLimit, Ping: p.cfg.PingTimeout,
		Drain: p.cfg.DrainTimeout, Dial: p.cfg.DialTimeout, Corroborate: p.hooks.Suspect != nil,
	}, coreEnv{o})
	o.tls.proven = p.creds.Load()
	if p.parent == nil { // else its owner does both
		o.tls.notices.give(time.Now(), o.tls.proven, p.log)
		o.watch()
	}
	return o
}

// Step takes one message.
func (o *owner) Step(now time.Time, letter *mail) {
	switch m := letter.Message.(type) { //nolint:gochecksumtype // the core takes them all; the owner acts on these too
	case nil:
		switch {
		case letter.adopt:
			o.adoptParents(now)
		case letter.check != nil:
			o.takeCheck(now, letter.check)
		default:
			o.takeOffer(now, letter.offer)
		}
		return
	case poolcore.Connect:
		o.noteEnd(m.Except)
	case poolcore.Disconnected:
		o.noteEnd(m.Session)
		delete(o.live, m.Session)
	case poolcore.Leaving:
		o.noteEnd(m.Session)
	case poolcore.Dialed:
		delete(o.dialing, m.Session)
		o.noteDial(m.Addr, m.Err)
	}
	if s := letter.session; s != nil {
		o.live[s.ID] = s
		if s.trust.under != o.pool.creds.Load().Trusts() { // they came into force while it was dialed
			o.verify(now, []*connection{s})
		}
	}
	o.step(now, letter.Message)
}

// step has the core take a message, and carries out the effects.
func (o *owner) step(now time.Time, m poolcore.Message) {
	o.core.Step(now, m)
	o.apply()
}

// Expire does what is due.
func (o *owner) Expire(now time.Time) {
	if at := o.tls.notices.next; !at.IsZero() && !at.After(now) {
		o.tls.notices.give(now, o.pool.creds.Load(), o.pool.log)
	}
	o.core.Expire(now)
	o.apply()
}

// coreEnv is what the core asks the owner for.
type coreEnv struct{ *owner }

func (coreEnv) Chance() float64 { return rand.Float64() }

// Usage is how a session is used; none that has ended is.
func (e coreEnv) Usage(id uint64) poolcore.Usage {
	if s := e.live[id]; s != nil {
		return s.Usage()
	}
	return poolcore.Usage{}
}

func (coreEnv) Classify(err error) (timeout, credentials bool) { return classify(err) }

// Deadline is the core's, or that of the next notice.
func (o *owner) Deadline() time.Time {
	at, notice := o.core.Deadline(), o.tls.notices.next
	if at.IsZero() || !notice.IsZero() && notice.Before(at) {
		return notice
	}
	return at
}

// Stop withdraws the table. The goroutines of the sessions end with the actor's context,
// and end these.
func (o *owner) Stop(cause error) {
	if cause != ErrStopped { //nolint:errorlint // a fault may wrap it
		o.logFault(cause)
	}
	o.pool.table.Store(&table{})
	o.pool.offered.Store(nil)
	o.pool.watching.Store(nil)
	if o.pool.hooks.Ended != nil {
		o.pool.hooks.Ended(cause)
	}
}

// logFault logs why the owner ended.
func (o *owner) logFault(cause error) {
	line := o.pool.log.Error().Err(cause)
	if fault, ok := errors.AsType[*actor.PanicError](cause); ok {
		line = line.Bytes("stack", fault.Stack)
	}
	line.Msg("the pool has ended for a fault of its own: every call fails until another one is made")
}

// apply carries out the effects of the core, in order.
func (o *owner) apply() {
	for _, e := range o.core.Take() {
		switch e := e.(type) {
		case poolcore.Dial:
			o.avoid(e.Avoid)
			o.dial(e)
		case poolcore.DialFailed:
			o.dialFailed(e)
		case poolcore.Abandon:
			if end := o.dialing[e.Session]; end != nil {
				end(errAbandoned)
			}
		case poolcore.Publish:
			o.publish(e)
		case poolcore.Answer:
			e.To.Send(refusalError(e.Err))
		case poolcore.Retire:
			o.on(e.Session, func(s *connection) { o.retire(s, e.Cause) })
		case poolcore.Replaced:
			o.renewed(e.Addr)
		case poolcore.Arrived:
			o.arrived(e.Addr)
		case poolcore.Release:
			o.on(e.Session, (*connection).Shut)
		case poolcore.Trim:
			o.on(e.Session, (*connection).Trim)
		case poolcore.Cut:
			o.on(e.Session, func(s *connection) { o.cut(s, e.Cause) })
		case poolcore.Ping:
			o.on(e.Session, o.ping)
		case poolcore.Ask:
			o.on(e.Session, o.ask)
		case poolcore.Desert:
			o.on(e.Session, func(s *connection) { o.desert(s, e.Cause) })
		case poolcore.Suspect:
			o.pool.hooks.Suspect(e.Addr)
		}
	}
}

// on calls do with a session that has not ended.
func (o *owner) on(session uint64, do func(*connection)) {
	if s := o.live[session]; s != nil {
		do(s)
	}
}

// tell brings a result back to the owner. It waits for room in the mailbox, but
// not beyond the owner's end.
func (o *owner) tell(ctx context.Context, m *mail) error { return o.self.Ref().Tell(ctx, m) }

// maxRefusing is how many servers that refuse the credentials are remembered.
const maxRefusing = 8

// noteDial notes the server that was reached last, and those, the last one first, that
// refused the credentials in force when they were dialed last.
func (o *owner) noteDial(addr string, err error) {
	p := o.pool
	if err == nil {
		p.reached.Store(&addr)
	}
	next := slices.DeleteFunc(slices.Clone(*p.refusing.Load()), func(a string) bool { return a == addr })
	if credentials.Refuses(err) {
		next = slices.Insert(next, 0, addr)
		next = next[:min(len(next), maxRefusing)]
	}
	p.refusing.Store(&next)
	if err == nil || credentials.Refuses(err) {
		p.offered.Load().Event()
		p.watching.Load().Event()
	}
}
