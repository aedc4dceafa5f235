//go:build linux

package main

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// raft plays what the servers would find out among themselves. It belongs to the
// rig's goroutine.
type raft struct {
	peers  []*peer
	leader *peer // nil: there is none
	nodes  int
	plans  []plan

	handingOn, deposed bool // see testutil.Picture
}

// peer is a server as the others see it, and what it believes itself.
type peer struct {
	info   testutil.ServerInfo
	alive  bool // takes part in elections
	listed bool // heartbeats name it
	era    int  // grows whenever it goes or comes back, so that old plans expire

	belief
	tell    func(testutil.Picture) // nil: there is no process
	picture testutil.Picture
}

// belief is the leader that a server assumes.
type belief struct {
	leader, lost   string
	stuck, orderly bool // so was lost
}

// plan is something that will happen.
type plan struct {
	at time.Time
	do func()
}

// The delays of a real cluster.
var (
	forwardsFor  = span{900 * time.Millisecond, 1300 * time.Millisecond}  // to a leader that is gone
	electionTime = span{1400 * time.Millisecond, 2400 * time.Millisecond} // since the leader was lost
	stepDown     = span{500 * time.Millisecond, 1000 * time.Millisecond}  // of a server that is cut off
	gossipTime   = span{4500 * time.Millisecond, 6500 * time.Millisecond} // until a lost server is not named any more
	catchUp      = span{500 * time.Millisecond, 1200 * time.Millisecond}  // of a server that comes back
)

// span is a range of durations.
type span struct{ least, most time.Duration }

func (s span) draw() time.Duration { return s.least + rand.N(s.most-s.least) }

func (r *raft) after(d time.Duration, do func()) {
	r.plans = append(r.plans, plan{time.Now().Add(d), do})
}

// deadline is when the next plan is due; zero: there is none.
func (r *raft) deadline() (at time.Time) {
	for _, p := range r.plans {
		if at.IsZero() || p.at.Before(at) {
			at = p.at
		}
	}
	return at
}

// expire does what is due and tells the servers.
func (r *raft) expire(now time.Time) {
	for i := 0; i < len(r.plans); {
		if p := r.plans[i]; !p.at.After(now) {
			r.plans = slices.Delete(r.plans, i, i+1)
			p.do()
			continue
		}
		i++
	}
	r.announce()
}

// announce tells each server its picture, if it has changed.
func (r *raft) announce() {
	var all []string
	var live []testutil.ServerInfo
	for _, p := range r.peers {
		all = append(all, p.info.RPCAdvertiseAddr)
		if p.listed {
			live = append(live, p.info)
		}
	}
	for _, p := range r.peers {
		next := testutil.Picture{
			Leader: p.leader, Lost: p.lost, Stuck: p.stuck, Parted: p.orderly, HandingOn: r.handingOn, Deposed: r.deposed,
			Configured: all, Live: live, NumNodes: r.nodes,
		}
		if p.tell != nil && !reflect.DeepEqual(next, p.picture) {
			p.picture = next
			p.tell(next)
		}
	}
}

// loss is how a server stops taking part. A silent one does not refuse what is sent
// to it; one that is awake finds out in a moment that it is alone, a frozen one
// when it thaws; an orderly end closes its connections before.
type loss struct{ silent, awake, orderly bool }

// lose is called when a server stops taking part.
func (r *raft) lose(p *peer, how loss) {
	p.alive = false
	p.era++
	era := p.era
	r.after(gossipTime.draw(), func() {
		if p.era == era {
			p.listed = false
		}
	})
	forget := func() {
		if p.era == era {
			p.belief = belief{}
		}
	}
	if how.awake {
		r.after(stepDown.draw(), forget)
	} else {
		forget()
	}
	if r.leader != p {
		return
	}
	r.leader = nil
	for _, q := range r.peers {
		if q != p {
			q.belief = belief{lost: p.info.RPCAdvertiseAddr, stuck: how.silent, orderly: how.orderly}
		}
	}
	r.after(forwardsFor.draw(), func() {
		for _, q := range r.peers {
			q.belief = belief{leader: q.leader}
		}
	})
	r.after(electionTime.draw(), r.elect)
}

// elect chooses a leader if there is none and a majority lives.
func (r *raft) elect() {
	var alive []*peer
	for _, p := range r.peers {
		if p.alive {
			alive = append(alive, p)
		}
	}
	if r.leader == nil && len(alive) > len(r.peers)/2 {
		r.lead(alive[rand.IntN(len(alive))])
	}
}

// lead makes p the leader; all that live know at once.
func (r *raft) lead(p *peer) {
	r.leader = p
	for _, q := range r.peers {
		if q.alive {
			q.belief = belief{leader: p.info.RPCAdvertiseAddr}
		}
	}
}

// regain is called when a server takes part again.
func (r *raft) regain(p *peer) {
	p.era++
	era := p.era
	r.after(catchUp.draw(), func() {
		if p.era != era {
			return
		}
		p.alive, p.listed = true, true
		r.elect()
		if r.leader != nil {
			p.leader = r.leader.info.RPCAdvertiseAddr
		}
	})
}

// whole reports whether all servers take part and know the leader, which goes on to lead.
func (r *raft) whole() bool {
	if r.handingOn || r.deposed {
		return false
	}
	for _, p := range r.peers {
		if !p.alive || !p.listed || r.leader == nil || p.leader != r.leader.info.RPCAdvertiseAddr {
			return false
		}
	}
	return true
}
