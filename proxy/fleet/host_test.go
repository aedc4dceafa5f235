package fleet

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
)

// Dials that the cluster keeps end as it says, each for its own agent, also where another
// one had the place.
func TestADialThatIsKeptEndsForItsOwnAgent(t *testing.T) {
	t.Parallel()
	c := newWorld(Config{Agents: 3})
	ends := func(until time.Duration) map[int32]uint32 {
		ended := map[int32]uint32{}
		for c.queue.ready(c.cfg.Warm + until + 1) {
			e := c.queue.pop()
			c.now = e.at
			if e.kind == evDialed {
				ended[e.agent] = e.arg
			} else if e.agent == world {
				c.happens(e)
			}
		}
		c.now = c.cfg.Warm + until
		return ended
	}
	c.Cut(0, 100)
	c.Cut(1, 100)
	c.dial(0, 0, 1)
	c.dial(1, 1, 2)
	c.Cut(1, 0) // its SYN is sent again after 1 s
	first := ends(5 * time.Second)
	check(t, "to the one that is cut off", first[0], timedOut)
	check(t, "to the other one", first[1], made)
	c.Cut(1, 100)
	c.dial(1, 2, 3)
	c.Cut(1, 0)
	second := ends(10 * time.Second)
	how, is := second[2]
	check(t, "the place is another agent's", len(second) == 1 && is && how == made, true)
}

// An agent that is cut off from a server hears nothing of its end, and of its next start only
// once it is reached again: then what it sends on the old session breaks that.
func TestAnAgentThatIsCutOffDoesNotHearThatItsServerHasDied(t *testing.T) {
	t.Parallel()
	for what, restarted := range map[string]bool{"down": false, "restarted": true} {
		f := New(Config{Agents: 200, Servers: 1, Seed: 1, Warm: time.Minute, Start: time.Second, For: time.Minute})
		const silent = poolcore.PingTimeout + poolcore.SilenceLimit // before that no session ends by itself
		f.advanceTo(f.cfg.Warm)
		held := func(cut bool) (n int) {
			for i := range f.agents {
				if a := &f.agents[i]; f.cluster.Hears(a.id, 0) != cut && f.up(a, 0) {
					n++
				}
			}
			return n
		}
		f.Cut(0, 50)
		cut, others := held(true), held(false)
		f.Kill(0)
		f.Advance(silent / 2)
		check(t, what+": sessions of those that are cut off", held(true), cut)
		check(t, what+": sessions of the others", held(false), 0)
		if cut == 0 || others == 0 {
			t.Errorf("%s: %d and %d agents had a session", what, cut, others)
		}
		if restarted {
			f.Begin(0)
		}
		old := map[int32]uint32{}
		for i := range f.agents {
			if a := &f.agents[i]; !f.cluster.Hears(a.id, 0) {
				old[a.id] = a.sessions[0].id
			}
		}
		f.Cut(0, 0)
		f.Advance(silent / 4)
		for id, session := range old {
			if f.agents[id].session(session) != nil {
				t.Errorf("%s: agent %d has still the session of before", what, id)
			}
		}
	}
}
