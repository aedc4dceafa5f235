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

// failure is the meaning of a failed call.
type failure uint8

const (
	unreachable failure = iota // no server took the call in its time
	refused                    // a server refused it, and would again
	unknown                    // the cluster does not know the node
	denied                     // the cluster does not accept the token
)

// core decides which call is made next, and when. It is pure: the time is a parameter,
// randomness comes from rand, and one goroutine calls it.
type core struct {
	rand  *rand.Rand
	fleet fleet
	auth  tokens

	known          bool      // the cluster knows the node
	registerWanted bool      // a registration of a known node is due at register
	register       time.Time // while the node is not known: when to register
	beat           time.Time // the next regular heartbeat
	requestedBeat  time.Time // when to send a heartbeat that the agent asked for; zero: none
	moveBeat       time.Time // when to send a heartbeat because another server is active; zero: none

	ttl          time.Duration // granted last; zero: none
	ttlEnd       time.Time     // when it ends; zero: none
	missReported bool          // that ttlEnd was missed was reported

	busy         bool // a call is under way; the fields that follow are about it
	calling      kind
	early        bool      // a heartbeat before its regular time
	wasRequested bool      // the agent asked for it
	began        time.Time // also of the last call
	until        time.Time // its deadline
	beatSent     time.Time // when the last heartbeat began

	failed   [2]int // calls in a row, by kind
	relapses int    // registrations after the first one since the last good heartbeat
	waiting  bool   // the last call reached no server

	front front
}

// newCore returns a core that registers at once.
func newCore(now time.Time, r *rand.Rand, f fleet, auth tokens) core {
	return core{rand: r, fleet: f, auth: auth, register: now}
}

// chance is a number in [0, 1).
func (c *core) chance() float64 { return c.rand.Float64() }

// next is when the next call is due, and its kind.
func (c *core) next() (time.Time, kind) {
	if !c.known {
		return c.register, register
	}
	due := earliest(c.beat, c.requestedBeat, c.moveBeat)
	if c.registerWanted && c.register.Before(due) {
		return c.register, register
	}
	return due, beat
}

// deadline is when the next call, unless one is under way, or the end of the TTL is due.
// Zero: never.
func (c *core) deadline() time.Time {
	var call, end time.Time
	if !c.busy {
		call, _ = c.next()
	}
	// The end of a call that ends with the TTL reports it.
	if !c.missReported && (!c.busy || c.until.After(c.ttlEnd)) {
		end = c.ttlEnd
	}
	return earliest(call, end)
}

// earliest is the earliest time that is not zero.
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
	kind         kind
	token        string
	renew        bool      // of a heartbeat: ask for a new identity
	until        time.Time // it ends
	softDeadline time.Time // it should be answered
}

// begin returns the call that is due, if one is and none is under way.
func (c *core) begin(now time.Time) (call, bool) {
	due, k := c.next()
	if c.busy || due.IsZero() || now.Before(due) {
		return call{}, false
	}
	// After a failure, or the end of the TTL, there is no hurry: the soft deadline has
	// passed too, and the proxy retries with long pauses. Otherwise it is after the call's
	// end, because pauses shrink near a soft deadline.
	end := now.Add(try(c.failed[k]))
	made := call{kind: k, token: c.auth.forCall(k), until: end, softDeadline: now}
	if c.failed[k] == 0 && (c.ttlEnd.IsZero() || now.Before(c.ttlEnd)) {
		made.softDeadline = end.Add(end.Sub(now))
	}
	c.early = k == beat && now.Before(c.beat)
	switch {
	case k == beat && now.Before(c.ttlEnd) && !(c.early && end.Before(c.ttlEnd)):
		made.until, made.softDeadline = c.ttlEnd, c.ttlEnd
	case k == register && c.known:
		// The node is known without it: the next heartbeat is not kept waiting.
		if limit := later(c.beat, now.Add(2*time.Second)); limit.Before(end) {
			made.until, made.softDeadline = limit, limit
		}
	}
	if k == beat {
		made.renew, c.wasRequested = c.auth.renew, !c.requestedBeat.IsZero() && !now.Before(c.requestedBeat)
		if !c.moveBeat.IsZero() && !now.Before(c.moveBeat) {
			c.front.notBefore = now.Add(moveGap)
		}
		c.requestedBeat, c.moveBeat, c.beatSent = time.Time{}, time.Time{}, now
	} else {
		c.registerWanted = false
	}
	c.busy, c.calling, c.began, c.until = true, k, now, made.until
	c.front.changed, c.front.renewed = false, false
	return made, true
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// took is how long the call under way has taken.
func (c *core) took(now time.Time) time.Duration { return now.Sub(c.began) }

// callReplied takes the good reply to the call under way, which came from a server. late is
// how late the reply is: negative is the time that was left of the TTL, zero means that no
// TTL was granted. renewed reports whether it has a new identity.
func (c *core) callReplied(now time.Time, r *nodeReply, from messages.Server) (late time.Duration, renewed bool) {
	if !c.ttlEnd.IsZero() {
		late = now.Sub(c.ttlEnd)
	}
	k, first := c.calling, c.calling == register && !c.known
	c.busy, c.waiting, c.failed[k] = false, false, 0
	c.fleet.nodes = r.NumNodes
	if len(r.Servers) > 0 {
		c.fleet.servers = len(r.Servers)
	}
	renewed = c.auth.accept(r.SignedIdentity)
	c.grant(now, r.HeartbeatTTL)
	switch {
	case first:
		c.known, c.failed[beat] = true, 0
		c.beat = earliest(now.Add(c.fleet.first(c.chance())), c.beat)
	case k == register && c.ttl == 0:
		c.beat = now // the cluster believes the node lost: a heartbeat makes it ready
	case k == beat:
		c.relapses = 0
	}
	if c.front.replied(from) {
		c.scheduleMove(now)
	} else {
		c.moveBeat = time.Time{}
	}
	return late, renewed
}

// grant takes the TTL of a reply and sets the next heartbeat.
func (c *core) grant(now time.Time, ttl time.Duration) {
	c.ttl, c.missReported = boundedTTL(ttl), false
	if c.ttl == 0 {
		c.ttlEnd, c.beat = time.Time{}, now.Add(idleBeatInterval(c.chance()))
		return
	}
	took := c.took(now)
	from := now.Add(-min(took, c.ttl/4))
	c.ttlEnd = from.Add(c.ttl)
	c.beat = later(from.Add(beatInterval(c.ttl, took, c.chance())), now.Add(leastInterval))
}

// callFailed takes the failure of the call under way.
func (c *core) callFailed(now time.Time, reason failure) {
	k := c.calling
	c.busy = false
	c.failed[k]++
	c.waiting = reason == unreachable
	most := refusedMost
	if c.waiting {
		most = retryMost
	}
	after := now.Add(c.fleet.pause(c.failed[k], most, c.chance()))
	switch {
	case k == register:
		if reason == denied {
			c.auth.forgetIdentity()
		}
		if c.registerWanted { // the node has changed meanwhile
			after = earliest(after, c.register)
		}
		c.registerWanted, c.register = true, after
	case reason == unknown || reason == denied:
		c.known, c.requestedBeat, c.moveBeat = false, time.Time{}, time.Time{}
		c.register = now.Add(c.fleet.again(c.chance()))
		if c.relapses > 0 {
			c.register = now.Add(c.fleet.pause(c.relapses, refusedMost, c.chance()))
		}
		c.relapses++
	case !c.early:
		c.beat = after
	case c.wasRequested:
		c.requestedBeat = earliest(c.requestedBeat, after)
	}
}

// missed reports, once for each TTL, that it has ended without a reply.
func (c *core) missed(now time.Time) bool {
	if c.missReported || c.ttlEnd.IsZero() || now.Before(c.ttlEnd) {
		return false
	}
	c.missReported = true
	return true
}

// late is how long ago the TTL ended.
func (c *core) late(now time.Time) time.Duration { return max(now.Sub(c.ttlEnd), 0) }

// margin is how long before the end of the TTL the last heartbeat began.
func (c *core) margin() time.Duration {
	if c.beatSent.IsZero() {
		return 0
	}
	return max(c.ttlEnd.Sub(c.beatSent), 0)
}

// requestRegister registers at the next possible moment: the node has changed.
func (c *core) requestRegister(now time.Time) {
	soon := c.soon(now)
	if c.busy && c.calling == register || c.known && !c.registerWanted {
		c.register = soon
	} else {
		c.register = earliest(c.register, soon)
	}
	c.registerWanted = true
}

// requestBeat sends a heartbeat at the next possible moment.
func (c *core) requestBeat(now time.Time) { c.requestedBeat = c.soon(now) }

// soon is when to make a call that the agent asks for: at once, but no sooner than
// callsApart after the last one began.
func (c *core) soon(now time.Time) time.Time {
	if c.began.IsZero() {
		return now
	}
	return later(now, c.began.Add(callsApart))
}
