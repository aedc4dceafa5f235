package poolcore

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

// spare asks for a session that may not be needed.
func (r *rig) spare(caller, addr string) Connect {
	m := r.connect(caller, addr, 0)
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
		{"asked for by a call as well", func(r *rig) { r.core.Step(r.now, r.connect("bob", addrA, 0)) }, 0, idleTime},
		{"of the server in front", func(r *rig) { r.core.Step(r.now, Retain{Addr: addrA}) }, 0, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := newRig(t)
			r.core.Step(r.now, r.spare("ann", addrA))
			c.ask(r)
			r.use[1] = Usage{Used: r.now}
			if c.used > 0 {
				r.use[1] = Usage{Used: r.now.Add(c.used)}
			}
			r.core.Step(r.now, Dialed{Addr: addrA, Session: 1})
			up := r.now
			for r.core.Take(); r.now.Before(up.Add(2 * idleTime)); {
				at := r.core.Deadline()
				if at.IsZero() {
					break
				}
				r.now = at
				r.core.Expire(r.now)
				if r.core.links.find(addrA) == nil {
					break
				}
				r.core.Take()
			}
			gone := r.core.links.find(addrA) == nil
			if gone != (c.ends > 0) || gone && r.now.Sub(up) != c.ends {
				t.Errorf("gone: %v, after %v; want %v", gone, r.now.Sub(up), c.ends)
			}
		})
	}
}

func TestACallerThatAsksForASpareSessionGetsTheOneThereIs(t *testing.T) {
	r := up(t, addrA)
	reply := actor.NewReply[error]()
	r.names[reply] = "ann"
	r.tell(Connect{Addr: addrA, Spare: true, Reply: reply}, "answer ann: <nil>")
}
