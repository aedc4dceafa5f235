package fleet

import (
	"errors"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
)

// The causes of failures.
var (
	errRefused   = errors.New("refused")
	errBroke     = errors.New("connection ended")
	errSilent    = errors.New("no answer in time")
	errAbandoned = errors.New("dial was given up")
	errNoLeader  = errors.New("no leader")
	errCut       = errors.New("was given up")
)

// poolConfig is the configuration of the agents' pools.
func poolConfig() *poolcore.Config {
	return &poolcore.Config{
		Idle: idleLimit, Silence: silenceLimit, Ping: pingLimit, Drain: drainLimit, Dial: dialLimit, Corroborate: true,
	}
}

// poolEnv is the poolcore.Env of all agents: what it tells is of the one whose event it is.
type poolEnv struct{ *Fleet }

// Chance is the agent's.
func (e poolEnv) Chance() float64 { return e.chance.Float64() }

// Usage is how one of its sessions is used.
func (e poolEnv) Usage(session uint64) poolcore.Usage { return e.usage(session) }

// Classify tells failures apart.
func (poolEnv) Classify(err error) (timeout, credentials bool) {
	return errors.Is(err, errSilent), false
}

// Who waits for a session, by server.
const (
	ofBeat    = iota // as the calls are numbered
	ofWatch          //
	probe            // a round's
	voice            // a corroborator
	renewal          // the list's Reconnect
	asking           // a Status.Ping of the pool's own, which waits for none
	ofWaiters = asking
)

// reply is what the cores know a waiter by. All agents share them: nothing is sent.
func (f *Fleet) reply(who int, n int16) actor.Reply[error] {
	return f.replies[who*len(f.servers)+int(n)]
}

func (f *Fleet) makeReplies() {
	f.waiters = make(map[actor.Reply[error]]int)
	for i := range ofWaiters * len(f.servers) {
		r := actor.NewReply[error]()
		f.replies = append(f.replies, r)
		f.waiters[r] = i
	}
}

// connect asks the pool for a session.
func (f *Fleet) connectTo(a *agent, who int, n int16, m poolcore.Connect) {
	m.Addr, m.Reply = f.servers[n].Addr, f.reply(who, n)
	f.tellPool(a, m)
}

// withdraw tells the pool that a waiter waits no more.
func (f *Fleet) withdraw(a *agent, who int, n int16) {
	f.tellPool(a, poolcore.Withdraw{Addr: f.servers[n].Addr, Reply: f.reply(who, n)})
}

// ofPool carries out an effect of the pool.
func (f *Fleet) ofPool(a *agent, e poolcore.Effect) {
	switch e := e.(type) {
	case poolcore.Dial:
		f.dial(a, e)
	case poolcore.DialFailed:
		if e.Current {
			f.down(a, f.number[e.Addr], e.Err)
		}
	case poolcore.Abandon:
		if d, is := a.takeDial(uint32(e.Session)); is {
			f.tellPool(a, poolcore.Dialed{Addr: f.servers[d.server].Addr, Session: e.Session, Err: errAbandoned})
		}
	case poolcore.Publish:
		for i := range a.sessions {
			s := &a.sessions[i]
			s.found = slices.ContainsFunc(e.Sessions, func(up poolcore.Up) bool { return up.Session == uint64(s.id) })
		}
	case poolcore.Answer:
		f.connected(a, f.waiters[e.To], e.Err)
	case poolcore.Retire:
		f.retire(a, e)
	case poolcore.Release:
		f.release(a, uint32(e.Session))
	case poolcore.Cut:
		f.ended(a, uint32(e.Session), e.Cause)
	case poolcore.Ping:
		f.yamuxPing(a, uint32(e.Session))
	case poolcore.Ask:
		f.askItself(a, uint32(e.Session))
	case poolcore.Desert:
		f.desert(a, e)
	case poolcore.Suspect:
		f.tell(a, messages.Suspected{Addr: e.Addr})
	case poolcore.Replaced, poolcore.Trim: // an agent learns of it, and need do nothing
	}
}

// connected goes on with what waited for a session.
func (f *Fleet) connected(a *agent, waiter int, err error) {
	who, n := waiter/len(f.servers), int16(waiter%len(f.servers))
	switch who {
	case ofBeat, ofWatch:
		c := a.call(who)
		switch {
		case !c.on:
		case c.race != nil:
			f.raceEnds(a, who, n, err)
		case c.state == dials && c.server == n:
			f.callConnected(a, who, err)
		}
	case probe, voice:
		f.pingsConnected(a, who, n, err)
	case renewal:
		if err == nil {
			f.tell(a, messages.Reconnected{Server: f.servers[n].Server})
		}
	}
}

// yamuxPing asks a session for a sign of life.
func (f *Fleet) yamuxPing(a *agent, id uint32) {
	s := a.session(id)
	if s == nil {
		return
	}
	s.pinged = true
	if after, answered := f.serve(a, s.server, askSign); answered {
		f.in(after, event{agent: a.id, kind: evPong, gen: id})
	}
}

// pong takes the answer.
func (f *Fleet) pong(a *agent, id uint32) {
	s := a.session(id)
	if s == nil || !s.pinged || !f.reaches(a, s.server) {
		return
	}
	s.pinged, s.heard = false, f.now
	f.tellPool(a, poolcore.Pinged{Session: uint64(id)})
}

// reach is a dial under way.
type reach struct {
	session  uint32
	server   int16
	accepted bool // a host is there
	proof    bool // the session is to show that its server knows a leader
	began    time.Duration
}

// takeDial takes a dial out of those under way; false: it has ended.
func (a *agent) takeDial(id uint32) (reach, bool) {
	for i, d := range a.dials {
		if d.session == id {
			a.dials[i] = a.dials[len(a.dials)-1]
			a.dials = a.dials[:len(a.dials)-1]
			return d, true
		}
	}
	return reach{}, false
}
