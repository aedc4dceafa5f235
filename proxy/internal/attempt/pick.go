package attempt

import (
	"slices"

	"github.com/open-nomad/rpcproxy/messages"
)

// pick chooses the best server not yet tried in this pass: as the active one is
// chosen, a server that may be well comes before one that knows no leader, and that
// before one that failed, wherever they rank. When all were tried, a new pass
// begins. The one to avoid comes after those that may be well. It is false if there is no
// server that may have the call.
func (c *Call) pick(view *messages.View) (messages.Server, bool) {
	active, _ := view.Active()
	if active.Addr == c.Avoid {
		for r := range view.Ranking() {
			if r.Server != active && hopeful(r.Health) && c.may(r.Server.Addr) {
				return r.Server, true
			}
		}
	}
	if c.may(active.Addr) {
		return active, true
	}
	if s, left := c.untried(view); left {
		return s, true
	}
	c.forget()
	c.endPass()
	if c.may(active.Addr) {
		return active, true
	}
	return c.untried(view)
}

// may reports whether the call may go to a server in this pass.
func (c *Call) may(addr string) bool {
	return !c.has(addr) && (!c.confined(!c.AnswerBy.IsZero()) || slices.Contains(c.asked, addr))
}

// untried is the best server that this pass has not tried; false: it tried them all.
func (c *Call) untried(view *messages.View) (best messages.Server, found bool) {
	worst := messages.Unknown
	for r := range view.Ranking() {
		if !c.may(r.Server.Addr) {
			continue
		}
		switch {
		case hopeful(r.Health):
			return r.Server, true
		case !found, worst == messages.Failed && r.Health != messages.Failed:
			best, worst, found = r.Server, r.Health, true
		}
	}
	return best, found
}

// hopeful reports whether a server may well answer, and know a leader.
func hopeful(h messages.Health) bool { return h == messages.Unknown || h == messages.Alive }

// othersLeft reports whether a server is believed healthy that this pass has not
// tried: the call goes there at once.
func (c *Call) othersLeft(view *messages.View) bool {
	for r := range view.Ranking() {
		if hopeful(r.Health) && c.may(r.Server.Addr) {
			return true
		}
	}
	return false
}

// Hopeful reports whether any server of a view may well answer, and know a leader.
func Hopeful(view *messages.View) bool {
	for r := range view.Ranking() {
		if hopeful(r.Health) {
			return true
		}
	}
	return false
}
