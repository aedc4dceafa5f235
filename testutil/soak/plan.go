package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// What the plan is bound to.
const (
	slots    = 5                      // servers at a time
	every    = time.Second            // between two faults
	mostDead = slots - (slots/2 + 1)  // more, and there is no leader
	settling = 100 * time.Millisecond // of a server whose fault has ended, before it counts as live
)

// event is one fault of the plan.
type event struct {
	at, until time.Duration // since the plan began
	slot      int
	kind      kind
	layer     testutil.Layer // of garbage
	delay     time.Duration  // of slow
	times     int            // requests it hits; 0: as long as it lasts
}

func (e event) String() string {
	text := fmt.Sprintf("%.3fs server %d: %v for %v", e.at.Seconds(), e.slot, e.kind, e.until-e.at)
	switch e.kind {
	case garbage:
		text += ", " + layers[e.layer]
	case slow:
		text += fmt.Sprintf(", by %v", e.delay)
	}
	if e.times > 0 {
		text += fmt.Sprintf(", %d times", e.times)
	}
	return text
}

// unreadable reports whether the fault makes answers that are well formed and do
// not fit: a call that gets one fails and is not repeated, for the server has
// answered.
func (e event) unreadable() bool {
	return e.kind == garbage && (e.layer == testutil.LayerShape || e.layer == testutil.LayerHugeString)
}

// planner draws the faults, one at a time and in the order of their beginning.
// The same seed gives the same plan. At any time at least one server has no
// fault, and a majority is alive.
type planner struct {
	rng  *rand.Rand
	ends [slots]time.Duration // of the slot's last fault
	dead [slots]bool          // that fault is deadly
	tick time.Duration
}

func newPlanner(seed uint64) *planner {
	return &planner{rng: rand.New(rand.NewPCG(seed, 0x50a1))}
}

// next draws the next fault; false if none may begin at that tick.
func (p *planner) next() (e event, ok bool) {
	p.tick += every
	var free []int
	dead := 0
	for slot, end := range p.ends {
		switch {
		case end+settling <= p.tick:
			free = append(free, slot)
		case p.dead[slot]:
			dead++
		}
	}
	if len(free) < 2 {
		return event{at: p.tick}, false
	}
	e = event{at: p.tick, slot: free[p.rng.IntN(len(free))]}
	e.kind = p.draw(dead < mostDead, e.slot)
	t := traits[e.kind]
	e.until = e.at + t.least + time.Duration(p.rng.Int64N(int64(t.most-t.least))).Truncate(time.Millisecond)
	switch e.kind {
	case garbage:
		e.layer = testutil.Layer(p.rng.IntN(len(layers)))
	case slow:
		e.delay = 20*time.Millisecond + time.Duration(p.rng.Int64N(int64(longestDelay-20*time.Millisecond))).Truncate(time.Millisecond)
	}
	if t.counted && p.rng.IntN(2) == 0 || e.unreadable() {
		e.times = 1 + p.rng.IntN(10)
	}
	p.ends[e.slot], p.dead[e.slot] = e.until, t.deadly
	return e, true
}

// draw chooses a kind by its weight. The server in slot 0 never leaves, so that
// what the proxy was started with never becomes all wrong.
func (p *planner) draw(deadly bool, slot int) kind {
	may := func(k kind) bool {
		return (deadly || !traits[k].deadly) && (slot > 0 || k != leave)
	}
	sum := 0
	for k := range kinds {
		if may(k) {
			sum += traits[k].weight
		}
	}
	n := p.rng.IntN(sum)
	for k := range kinds {
		if !may(k) {
			continue
		}
		if n -= traits[k].weight; n < 0 {
			return k
		}
	}
	return slow // not reached: n is below the sum
}
