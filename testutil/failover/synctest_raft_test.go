//go:build linux

package main

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// beliefs plays Raft until nothing is due any more and returns what the server with
// that number heard of the leader, with the time at which it was.
func beliefs(r *raft, number int) (all []string, when []time.Duration) {
	begin := time.Now()
	for i, p := range r.peers {
		p.tell = func(p testutil.Picture) {
			if i != number {
				return
			}
			text := "leader " + p.Leader
			switch {
			case p.HandingOn:
				text += ", handing on"
			case p.Deposed:
				text += ", deposed"
			case p.Lost != "":
				text = fmt.Sprintf("lost %s, parted %v, stuck %v", p.Lost, p.Parted, p.Stuck)
			}
			if len(all) == 0 || all[len(all)-1] != text { // else it is about the list
				all, when = append(all, text), append(when, time.Since(begin))
			}
		}
	}
	for r.announce(); len(r.plans) > 0; r.expire(time.Now()) {
		time.Sleep(time.Until(r.deadline()))
	}
	return all, when
}

// three are servers of which the first leads.
func three() *raft {
	r := &raft{}
	for i := range 3 {
		info := testutil.ServerInfo{RPCAdvertiseAddr: fmt.Sprintf("s%d", i+1)}
		r.peers = append(r.peers, &peer{info: info, alive: true, listed: true})
	}
	r.lead(r.peers[0])
	return r
}

func (s span) holds(d time.Duration) bool { return s.least <= d && d <= s.most }

func TestALeaderThatHandsOnRefusesThenStepsDownThenFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := three()
		if !r.whole() {
			t.Fatal("the servers are not well to begin with")
		}
		r.transfer()
		if r.whole() {
			t.Error("it is over as soon as it begins")
		}
		all, when := beliefs(r, 1)
		want := []string{"leader s1, handing on", "leader s1, deposed", "leader ", "leader " + r.leader.info.RPCAdvertiseAddr}
		if !slices.Equal(all, want) || r.leader == r.peers[0] || !r.whole() {
			t.Fatalf("is %q", all)
		}
		if !handingOn.holds(when[1]) || !deposed.holds(when[2]-when[1]) || !vacant.holds(when[3]-when[2]) {
			t.Errorf("at %v", when)
		}
	})
}

func TestALeaderThatEndsIsForwardedToForAWhileThenThereIsNone(t *testing.T) {
	for name, c := range map[string]struct {
		how  loss
		want string
	}{
		"in an orderly way": {loss{orderly: true}, "lost s1, parted true, stuck false"},
		"killed":            {loss{}, "lost s1, parted false, stuck false"},
		"cut off":           {loss{silent: true, awake: true}, "lost s1, parted false, stuck true"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := three()
				r.lose(r.peers[0], c.how)
				all, when := beliefs(r, 1)
				if len(all) != 3 || all[0] != c.want || all[1] != "leader " || all[2] == "leader s1" {
					t.Fatalf("is %q", all)
				}
				if !forwardsFor.holds(when[1]) || !electionTime.holds(when[2]) {
					t.Errorf("at %v", when)
				}
			})
		})
	}
}
