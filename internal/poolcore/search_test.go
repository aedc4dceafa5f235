package poolcore

import (
	"testing"
	"time"
)

// searchRig has a session on which a call waits and nothing comes in.
func searchRig(t *testing.T) *rig {
	r := up(t, addrA)
	r.core.cfg.Corroborate = true
	r.core.last = 1
	r.use[1] = Usage{Busy: true, Heard: r.now, Answered: r.now}
	r.now = r.now.Add(time.Second)
	return r
}

// pongs has the ping of a session answered.
func (r *rig) pongs() {
	r.now = r.now.Add(time.Millisecond)
	r.chatter(1)
	r.tell(Pinged{Session: 1})
}

// The handlers of all servers hang, and their transports live. A caller waits.
func TestAnotherServerIsLookedForOnceWhileTheTransportLives(t *testing.T) {
	r := searchRig(t)
	r.tell(Overdue{Session: 1}, "ping 1", "suspect "+addrA)
	for range 20 {
		r.pongs()
		r.expire(time.Second)
		r.tell(Overdue{Session: 1}, "ping 1")
	}
	// Now the server falls silent.
	r.expire(time.Second, "suspect "+addrA)
	r.tell(Overdue{Session: 1}) // once a ping
	r.tell(Corroborated{Addr: addrA})
	r.expire(time.Second, "publish", silent(1))
}

func TestTheFirstDoubtOfAnEpisodeSearchesAtOnce(t *testing.T) {
	for name, over := range map[string]func(r *rig){
		"a call was answered": func(r *rig) { r.answers(1) },
		"it is long ago":      func(r *rig) { r.expire(episodeOver) },
	} {
		t.Run(name, func(t *testing.T) {
			r := searchRig(t)
			for range 3 {
				r.tell(Overdue{Session: 1}, "ping 1", "suspect "+addrA)
				r.pongs()
				r.tell(Corroborated{Addr: addrA})
				r.now = r.now.Add(time.Second)
				over(r)
			}
		})
	}
}

// A Status.Ping that asks whether a server answers has another purpose than to be answered.
func TestAProbeThatIsNotAnsweredHasNoOtherServerAsked(t *testing.T) {
	for name, doubt := range map[string]func(r *rig){
		"silent": func(r *rig) {
			r.tell(Overdue{Session: 1, Probe: true}, "ping 1")
			r.expire(time.Second)
			r.expire(time.Second, "dial "+addrA+" as 2")
			r.tell(Overdue{Session: 1, Probe: true}, "ping 1")
		},
		"late": func(r *rig) {
			r.tell(Late{Session: 1, Probe: true}, "ask 1")
			r.expire(time.Second)
			r.expire(time.Second, "dial "+addrA+" as 2")
		},
		"left": func(r *rig) {
			r.tell(Unanswered{Session: 1, Since: r.now, Probe: true, Silent: true, Late: r.now.Add(time.Second)})
			r.expire(time.Second, "ping 1", "ask 1")
			r.expire(time.Second)
			r.expire(time.Second, "dial "+addrA+" as 2")
		},
	} {
		t.Run(name, func(t *testing.T) { doubt(searchRig(t)) })
	}
}

// Where most servers are silent the only one that answers may not have been asked yet.
func TestAfterAPingThatFailedTheNextDoubtSearchesAtOnceAndOnce(t *testing.T) {
	r := searchRig(t)
	r.tell(Overdue{Session: 1}, "ping 1", "suspect "+addrA)
	r.expire(2*time.Second, "dial "+addrA+" as 2")
	r.tell(Overdue{Session: 1}, "ping 1", "suspect "+addrA)
	r.now = r.now.Add(time.Second)
	r.tell(Overdue{Session: 1})
}

// Beside a probe's doubt that of a caller counts as ever.
func TestACallerBesideAProbeHasAnotherServerAsked(t *testing.T) {
	for name, doubt := range map[string]func(r *rig){
		"silent": func(r *rig) {
			r.tell(Overdue{Session: 1, Probe: true}, "ping 1")
			r.now = r.now.Add(time.Millisecond)
			r.tell(Overdue{Session: 1}, "suspect "+addrA)
			r.tell(Overdue{Session: 1})
		},
		"late": func(r *rig) {
			r.tell(Late{Session: 1, Probe: true}, "ask 1")
			r.tell(Late{Session: 1})
			r.expire(time.Second, "suspect "+addrA)
		},
		"very late": func(r *rig) {
			r.tell(Late{Session: 1, Probe: true}, "ask 1")
			r.expire(1500 * time.Millisecond)
			r.tell(Late{Session: 1})
			r.expire(0, "suspect "+addrA)
			r.tell(Late{Session: 1})
			r.expire(0)
		},
		"left": func(r *rig) {
			r.tell(Unanswered{Session: 1, Since: r.now, Probe: true, Silent: true, Late: r.now.Add(time.Second)})
			r.tell(Unanswered{Session: 1, Since: r.now, Silent: true, Late: r.now.Add(time.Second)})
			r.expire(time.Second, "ping 1", "suspect "+addrA, "ask 1")
		},
	} {
		t.Run(name, func(t *testing.T) { doubt(searchRig(t)) })
	}
}

// A call that has just become late has had a Status.Ping sent. In most cases that is answered,
// and the call takes long: a heartbeat that is held until there is a leader, of each agent.
func TestWhileAStatusPingIsOutNoOtherServerIsAsked(t *testing.T) {
	for _, answered := range []bool{true, false} {
		r := searchRig(t)
		r.tell(Late{Session: 1}, "ask 1")
		r.now = r.now.Add(time.Millisecond)
		r.tell(Overdue{Session: 1}, "ping 1")
		if answered {
			r.now = r.now.Add(time.Millisecond)
			r.answers(1)
			r.tell(Served{Addr: addrA, Session: 1})
			r.expire(2 * time.Second)
			continue
		}
		r.expire(time.Second, "suspect "+addrA)
		r.tell(Corroborated{Addr: addrA})
		r.expire(time.Second, "publish", silent(1))
	}
}
