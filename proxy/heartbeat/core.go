package heartbeat

import (
	"math/rand/v2"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// kind is one of the two calls.
type kind uint8

const (
	register kind = iota
	beat
)

func (k kind) method() string {
	if k == register {
		return "Node.Register"
	}
	return "Node.UpdateStatus"
}

// failure is what a failed call means.
type failure uint8

const (
	unreachable failure = iota // no server took the call in its time
	refused                    // a server answered no, and will do so again
	unknown                    // the cluster does not know the node
	denied                     // the cluster does not take the token
)

// core decides which call is made next, and when. It has no clock: now is a
// parameter, chance comes from rand, and one goroutine calls it.
type core struct {
	rand  *rand.Rand
	fleet fleet
	auth  tokens

	known    bool      // the cluster has the node
	wanted   bool      // a registration of a known node is due at register
	register time.Time // while the node is not known: when to register
	beat     time.Time // the next regular heartbeat
	asked    time.Time // a heartbeat that the embedder asked for; zero: none
	moved    time.Time // a heartbeat because of a move; zero: none

	ttl    time.Duration // granted last; zero: none
	landBy time.Time     // the end of it; zero: none
	told   bool          // landBy was missed, and that was said

	busy     bool // a call is under way:
	calling  kind
	early    bool      // it is a heartbeat before its regular time
	forAsked bool      // the embedder asked for it
	began    time.Time // of it, or of the last one
	until    time.Time // it ends by itself
	beatSent time.Time // the last heartbeat began

	failed   [2]int // calls in a row, by kind
	relapses int    // registrations since the last good heartbeat, but for the first
	waiting  bool   // for servers that could not be reached

	front front
}

// newCore is a core that registers at once.
func newCore(now time.Time, r *rand.Rand, f fleet, auth tokens) core {
	return core{rand: r, fleet: f, auth: auth, register: now}
}

// chance is a number in [0, 1).
func (c *core) chance() float64 { return c.rand.Float64() }

// next is the call to be made next, and when.
func (c *core) next() (time.Time, kind) {
	if !c.known {
		return c.register, register
	}
	due := earliest(c.beat, c.asked, c.moved)
	if c.wanted && c.register.Before(due) {
		return c.register, register
	}
	return due, beat
}

// wake is when the core wants to be looked at: for the next call, unless one is
// under way, and at the end of the TTL. Zero: not at all.
func (c *core) wake() time.Time {
	var call, end time.Time
	if !c.busy {
		call, _ = c.next()
	}
	// A call that ends with the TTL tells of it.
	if !c.told && (!c.busy || c.until.After(c.landBy)) {
		end = c.landBy
	}
	return earliest(call, end)
}

// earliest is the earliest of the times that are not zero.
func earliest(all ...time.Time) (first time.Time) {
	for _, t := range all {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// call is one call to be made.
type call struct {
	kind   kind
	token  string
	renew  bool      // of a heartbeat: ask for a new identity
	until  time.Time // it ends
	budget time.Time // it should land
}

// begin makes the call that is due, if one is and none is under way.
func (c *core) begin(now time.Time) (call, bool) {
	due, k := c.next()
	if c.busy || due.IsZero() || now.Before(due) {
		return call{}, false
	}
	// Behind a failure, or a TTL that is over, nothing is in a hurry: the budget is over
	// too, and the proxy retries with long pauses. Else it goes on beyond the call's
	// end: pauses shrink near the end of a budget.
	end := now.Add(try(c.failed[k]))
	made := call{kind: k, token: c.auth.show(k), until: end, budget: now}
	if c.failed[k] == 0 && (c.landBy.IsZero() || now.Before(c.landBy)) {
		made.budget = end.Add(end.Sub(now))
	}
	c.early = k == beat && now.Before(c.beat)
	switch {
	case k == beat && now.Before(c.landBy) && !(c.early && end.Before(c.landBy)):
		made.until, made.budget = c.landBy, c.landBy
	case k == register && c.known:
		// The node is known without it: the next heartbeat is not kept waiting.
		if keep := later(c.beat, now.Add(2*time.Second)); keep.Before(end) {
			made.until, made.budget = keep, keep
		}
	}
	if k == beat {
		made.renew, c.forAsked = c.auth.renew, !c.asked.IsZero() && !now.Before(c.asked)
		if !c.moved.IsZero() && !now.Before(c.moved) {
			c.front.gap = now.Add(moveGap)
		}
		c.asked, c.moved, c.beatSent = time.Time{}, time.Time{}, now
	} else {
		c.wanted = false
	}
	c.busy, c.calling, c.began, c.until = true, k, now, made.until
	c.front.sent()
	return made, true
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// took is the time of the call that ends now.
func (c *core) took(now time.Time) time.Duration { return now.Sub(c.began) }

// replied takes the good reply to the call under way, which came from a server. It
// says how late the reply is: negative is the time that was left of the TTL, zero
// means that no TTL held.
func (c *core) replied(now time.Time, r *nodeReply, from messages.Server) (late time.Duration, renewed bool) {
	if !c.landBy.IsZero() {
		late = now.Sub(c.landBy)
	}
	k, first := c.calling, c.calling == register && !c.known
	c.busy, c.waiting, c.failed[k] = false, false, 0
	c.fleet.nodes = r.NumNodes
	if len(r.Servers) > 0 {
		c.fleet.servers = len(r.Servers)
	}
	renewed = c.auth.take(r.SignedIdentity)
	c.grant(now, r.HeartbeatTTL)
	switch {
	case first:
		c.known, c.failed[beat] = true, 0
		c.beat = earliest(now.Add(c.fleet.first(c.chance())), c.beat)
	case k == register && c.ttl == 0:
		c.beat = now // the cluster holds the node for lost: a heartbeat makes it ready
	case k == beat:
		c.relapses = 0
	}
	if c.front.replied(from) {
		c.hurry(now)
	} else {
		c.moved = time.Time{}
	}
	return late, renewed
}

// grant takes the TTL of a reply and sets the next heartbeat.
func (c *core) grant(now time.Time, ttl time.Duration) {
	c.ttl, c.told = bounded(ttl), false
	if c.ttl == 0 {
		c.landBy, c.beat = time.Time{}, now.Add(idle(c.chance()))
		return
	}
	took := c.took(now)
	from := now.Add(-min(took, c.ttl/4))
	c.landBy = from.Add(c.ttl)
	c.beat = later(from.Add(interval(c.ttl, took, c.chance())), now.Add(leastInterval))
}

// fail takes the failure of the call under way.
func (c *core) fail(now time.Time, why failure) {
	k := c.calling
	c.busy = false
	c.failed[k]++
	c.waiting = why == unreachable
	most := refusedMost
	if c.waiting {
		most = retryMost
	}
	after := now.Add(c.fleet.pause(c.failed[k], most, c.chance()))
	switch {
	case k == register:
		if why == denied {
			c.auth.refuse()
		}
		if c.wanted { // the node has changed meanwhile
			after = earliest(after, c.register)
		}
		c.wanted, c.register = true, after
	case why == unknown || why == denied:
		c.known, c.asked, c.moved = false, time.Time{}, time.Time{}
		c.register = now.Add(c.fleet.again(c.chance()))
		if c.relapses > 0 {
			c.register = now.Add(c.fleet.pause(c.relapses, refusedMost, c.chance()))
		}
		c.relapses++
	case !c.early:
		c.beat = after
	case c.forAsked:
		c.asked = earliest(c.asked, after)
	}
}

// missed says, once for each TTL, that it ended without a reply.
func (c *core) missed(now time.Time) bool {
	if c.told || c.landBy.IsZero() || now.Before(c.landBy) {
		return false
	}
	c.told = true
	return true
}

// late is how long ago the TTL ended.
func (c *core) late(now time.Time) time.Duration { return max(now.Sub(c.landBy), 0) }

// margin is how long before the end of the TTL the last heartbeat was begun.
func (c *core) margin() time.Duration {
	if c.beatSent.IsZero() {
		return 0
	}
	return max(c.landBy.Sub(c.beatSent), 0)
}

// enroll registers as soon as may be: the node has changed.
func (c *core) enroll(now time.Time) {
	soon := c.soon(now)
	if c.busy && c.calling == register || c.known && !c.wanted {
		c.register = soon
	} else {
		c.register = earliest(c.register, soon)
	}
	c.wanted = true
}

// report sends a heartbeat as soon as may be.
func (c *core) report(now time.Time) { c.asked = c.soon(now) }

// soon is the first moment for a call that the embedder asks for: at once, but no
// sooner than callsApart after the last one began.
func (c *core) soon(now time.Time) time.Time {
	if c.began.IsZero() {
		return now
	}
	return later(now, c.began.Add(callsApart))
}
