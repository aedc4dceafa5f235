package attempt

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// When servers without a session are dialed at the same time.
const (
	// ContactStagger is for how long a dial may be silent before another server is
	// dialed too.
	ContactStagger = 250 * time.Millisecond
	// contactMost is the longest stagger: a dial that takes longer has failed, as a rule.
	contactMost = 2 * time.Second
	// hurriedAfter is how long a race may last before servers that are there and do not
	// answer are no longer waited for; from then on the stagger is hurriedStagger.
	hurriedAfter, hurriedStagger = 1500 * time.Millisecond, 100 * time.Millisecond
	// silentMost is how many dials are under way at most, at that pace, and reachedMost
	// how many before that time to hosts that are there.
	silentMost, reachedMost = 10, 4
	// handshakesPerServer is how many sessions a second a server takes from the fleet.
	handshakesPerServer = 1000
	// A look that comes so late did so because this process was not run, and then nor was what
	// waits for the dials: the next server is dialed lookAgain later.
	lateLook, lookAgain = 5 * time.Millisecond, 50 * time.Millisecond
)

// Contact is a race for the first session of a call: servers are dialed in the call's
// order, each as soon as the one before it has failed, or has been silent for a while,
// and whichever is up first takes the call. Nothing was sent until then.
//
// A server that does not answer although its host does may have too much to do, and then
// from each agent of the fleet: the more such dials are under way, and the larger the
// fleet is known to be, the longer the next one waits.
type Contact struct {
	spread time.Duration // in which each server takes a session from its share of the fleet
	begun  int
	open   int
	first  time.Time // when the first dial began
	last   time.Time // when the last one did; zero: one has failed since
	again  time.Time // the look behind one that was late; zero: none was since the last dial
}

// NewContact is a race that no server has entered yet.
func NewContact(view *messages.View) Contact {
	return Contact{spread: fleet(view, handshakesPerServer)}
}

// Begun records another dial.
func (c *Contact) Begun(now time.Time) {
	if c.begun == 0 {
		c.first = now
	}
	c.begun, c.open, c.last, c.again = c.begun+1, c.open+1, now, time.Time{}
}

// Failed records that one has failed.
func (c *Contact) Failed() { c.open, c.last = c.open-1, time.Time{} }

// Dials is how many dials were begun; the next server is that one of the order.
func (c *Contact) Dials() int { return c.begun }

// Open is how many dials are under way.
func (c *Contact) Open() int { return c.open }

// Wait is for how long from now the next server is not dialed, if none of the dials
// under way ends before; reached of these have found a host. A dial is not silent while this
// process is not run: one that is asked about much too late has a moment more, once.
func (c *Contact) Wait(now time.Time, reached int) time.Duration {
	if c.last.IsZero() {
		return 0
	}
	at := c.last.Add(c.stagger(reached))
	if hurried := c.first.Add(hurriedAfter); c.spread <= ContactStagger && c.open < silentMost && at.After(hurried) {
		at = hurried
		if soonest := c.last.Add(hurriedStagger); soonest.After(at) {
			at = soonest
		}
	}
	if c.again.IsZero() && now.Sub(at) >= lateLook {
		c.again = now.Add(lookAgain)
	}
	if at.Before(c.again) {
		at = c.again
	}
	return max(at.Sub(now), 0)
}

// stagger is the time between the last dial and the next.
func (c *Contact) stagger(reached int) time.Duration {
	switch {
	case c.open >= silentMost, reached >= reachedMost:
		return contactMost
	case reached == 0:
		return ContactStagger
	}
	return min(max(time.Duration(reached)*ContactStagger, c.spread), contactMost)
}

// Order is the servers that the attempt under way may be made on as well as on the one
// that was chosen for it, which comes first: those that may be well and that this pass
// has not tried.
func (c *Call) Order(view *messages.View) []messages.Server {
	order := make([]messages.Server, 1, view.Len()+1)
	alone := c.Block > 0 && fleet(view, spreadsPerServer) >= spreadLeast
	for r := range view.Ranking() {
		switch {
		case r.Server.Addr == c.server:
			order[0] = r.Server
		case !alone && hopeful(r.Health) && c.may(r.Server.Addr):
			order = append(order, r.Server)
		}
	}
	return order
}

// Took records that the attempt under way is made on another server of its order.
func (c *Call) Took(server messages.Server) { c.server = server.Addr }

// Unreached records that a server of the order could not be dialed, or is not until
// then: this pass leaves it out.
func (c *Call) Unreached(server messages.Server, until time.Time) {
	if server.Addr != c.server { // its own server: Failed follows
		p := c.noted()
		p.tried = append(p.tried, server.Addr)
		p.left(Failure{Until: until})
	}
}
