package pool

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/messages"
)

// spare asks for a session that may not be needed.
func (r *rig) spare(who, addr string) messages.Connect {
	m := r.connect(who, addr, 0)
	m.Spare = true
	return m
}

func TestASessionThatCameUpForNothingEndsSoon(t *testing.T) {
	for _, c := range []struct {
		what string
		ask  func(r *rig)
		used time.Duration // after it came up; 0: never
		ends time.Duration // after it came up; 0: it is kept
	}{
		{"unused", func(*rig) {}, 0, spareIdle},
		{"used", func(*rig) {}, time.Second, time.Second + idleTime},
		{"asked for by a call as well", func(r *rig) { r.core.step(r.now, r.connect("bob", addrA, 0)) }, 0, idleTime},
		{"of the server in front", func(r *rig) { r.core.step(r.now, messages.Retain{Addr: addrA}) }, 0, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := newRig(t)
			r.core.step(r.now, r.spare("ann", addrA))
			c.ask(r)
			r.use[1] = usage{used: r.now}
			if c.used > 0 {
				r.use[1] = usage{used: r.now.Add(c.used)}
			}
			r.core.step(r.now, messages.Dialed{Addr: addrA, Session: 1})
			up := r.now
			for r.core.take(); r.now.Before(up.Add(2 * idleTime)); {
				at := r.core.deadline()
				if at.IsZero() {
					break
				}
				r.now = at
				r.core.expire(r.now, func(id uint64) usage { return r.use[id] })
				if r.core.servers[addrA] == nil {
					break
				}
				r.core.take()
			}
			gone := r.core.servers[addrA] == nil
			if gone != (c.ends > 0) || gone && r.now.Sub(up) != c.ends {
				t.Errorf("gone: %v, after %v; want %v", gone, r.now.Sub(up), c.ends)
			}
		})
	}
}

func TestWhoAsksForASpareSessionGetsTheOneThereIs(t *testing.T) {
	r := up(t, addrA)
	reply := actor.NewReply[error]()
	r.names[reply] = "ann"
	r.tell(messages.Connect{Addr: addrA, Spare: true, Reply: reply}, "answer ann: <nil>")
}
