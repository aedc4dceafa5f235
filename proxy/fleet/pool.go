package fleet

import (
	"slices"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
)

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
	case poolcore.Arrived:
		f.tell(a, messages.Recovered{Server: f.servers[f.number[e.Addr]].Server})
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
