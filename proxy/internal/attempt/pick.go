package attempt

import (
	"slices"

	"github.com/open-nomad/rpcproxy/messages"
)

// pick chooses the best server not yet tried in this turn: as the active one is
// chosen, a server that may be well comes before one that knows no leader, and that
// before one that failed, wherever they rank. When all were tried, a new turn
// begins. It is false if there is no server.
func (c *Call) pick(view *messages.View) (messages.Server, bool) {
	active, some := view.Active()
	if !some || !slices.Contains(c.tried, active.Addr) {
		return active, some
	}
	if s, left := c.untried(view); left {
		return s, true
	}
	c.tried = c.tried[:0]
	c.turn()
	return active, true
}

// untried is the best server that this turn has not tried; false: it tried them all.
func (c *Call) untried(view *messages.View) (best messages.Server, some bool) {
	worst := messages.Unknown
	for r := range view.Ranking() {
		if slices.Contains(c.tried, r.Server.Addr) {
			continue
		}
		switch {
		case hopeful(r.Health):
			return r.Server, true
		case !some, worst == messages.Failed && r.Health != messages.Failed:
			best, worst, some = r.Server, r.Health, true
		}
	}
	return best, some
}

// hopeful reports whether a server may well answer, and know a leader.
func hopeful(h messages.Health) bool { return h == messages.Unknown || h == messages.Alive }

// othersLeft reports whether a server is believed healthy that this turn has not
// tried: the call goes there at once.
func (c *Call) othersLeft(view *messages.View) bool {
	for r := range view.Ranking() {
		if hopeful(r.Health) && !slices.Contains(c.tried, r.Server.Addr) {
			return true
		}
	}
	return false
}

// PassOver has the next attempt made at another server than the one named, if one may
// well answer. It is for a call that was not tried yet.
func (c *Call) PassOver(view *messages.View, server string) {
	if c.tried = append(c.tried, server); !c.othersLeft(view) {
		c.tried = c.tried[:len(c.tried)-1]
	}
}
