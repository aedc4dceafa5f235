package attempt

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// pick chooses the best server not yet tried in this turn: as the active one is
// chosen, a server that may be well comes before one that knows no leader, and that
// before one that failed, wherever they rank. When all were tried, a new turn
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
	c.tried = c.tried[:0]
	c.turn()
	if c.may(active.Addr) {
		return active, true
	}
	return c.untried(view)
}

// may reports whether the call may go to a server in this turn.
func (c *Call) may(addr string) bool {
	return !slices.Contains(c.tried, addr) && (!c.confined(!c.LandBy.IsZero()) || slices.Contains(c.asked, addr))
}

// untried is the best server that this turn has not tried; false: it tried them all.
func (c *Call) untried(view *messages.View) (best messages.Server, some bool) {
	worst := messages.Unknown
	for r := range view.Ranking() {
		if !c.may(r.Server.Addr) {
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
		if hopeful(r.Health) && c.may(r.Server.Addr) {
			return true
		}
	}
	return false
}

// Began is when the attempt under way began, or the last one.
func (c *Call) Began() time.Time { return c.began }

// Hopeful reports whether any server of a view may well answer, and know a leader.
func Hopeful(view *messages.View) bool {
	for r := range view.Ranking() {
		if hopeful(r.Health) {
			return true
		}
	}
	return false
}

// Resumes reports whether a pause need not be waited out, and for how long it still lasts:
// there was no server that may be well, and now there is one. Who found it has been there
// already, so that agents do not come together; but a call whose budget is over comes once
// a second at most.
func (c *Call) Resumes(env *Env) (rest time.Duration, yes bool) {
	if !c.hopeless {
		return 0, false
	}
	for r := range env.View.Ranking() {
		if !hopeful(r.Health) || c.confined(!c.LandBy.IsZero()) && !slices.Contains(c.asked, r.Server.Addr) {
			continue
		}
		c.tried = slices.DeleteFunc(c.tried, func(addr string) bool { return addr == r.Server.Addr })
		c.spent, c.hopeless = false, false
		if c.late(env) > 0 {
			rest = max(c.began.Add(lateLeast).Sub(env.Now), 0)
		}
		return rest, true
	}
	return 0, false
}
