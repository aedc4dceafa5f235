package heartbeat

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// observed is what a view says of the server in front.
type observed struct {
	server messages.Server // zero: there is none
	health messages.Health
	failed map[string]bool // addresses of the servers that have failed
}

// see reads a view.
func see(v *messages.View) observed {
	s := observed{failed: map[string]bool{}}
	for r := range v.Ranking() {
		if r.Health == messages.Failed {
			s.failed[r.Server.Addr] = true
		}
	}
	s.server, _ = v.Active()
	s.health = v.Health(s.server)
	return s
}

// front is which server is in front, and whether it has the node's session.
type front struct {
	observed
	landed  messages.Server // the last good reply came from it
	lost    bool            // it failed or was left since then: its session is gone or goes
	changed bool            // the front changed while the call was under way
	renewed bool            // so did the session to it
	gap     time.Time       // no further heartbeat because of a move before
}

// needsBeat says whether the server in front works, and does not have the session.
func (f *front) needsBeat() bool {
	works := f.health == messages.Alive || f.health == messages.Unknown
	return works && f.server.Addr != "" && f.landed.Addr != "" && (f.server.Addr != f.landed.Addr || f.lost)
}

// view takes what a view shows. It says whether the server in front is another one
// than before, and whether it answers after it did not.
func (f *front) view(s observed) (moved, recovered bool) {
	other, failed := s.server.Addr != f.server.Addr, s.failed[f.landed.Addr]
	moved = other || failed
	recovered = s.health == messages.Alive && (other || f.health != messages.Alive)
	f.lost = f.lost || failed || other && f.server.Addr == f.landed.Addr && f.landed.Addr != ""
	f.changed = f.changed || moved
	f.observed = s
	return moved, recovered
}

// sent notes that a call begins.
func (f *front) sent() { f.changed, f.renewed = false, false }

// replied takes who answered. It says whether the front moved away meanwhile.
func (f *front) replied(from messages.Server) bool {
	if from.Addr == "" {
		from = f.server
	}
	f.landed, f.lost = from, f.failed[from.Addr] || f.renewed && from.Addr == f.server.Addr
	return f.changed && f.needsBeat()
}

// look takes a new view of the proxy.
func (c *core) look(now time.Time, s observed) {
	moved, recovered := c.front.view(s)
	switch {
	case c.busy:
		// The reply says where the call landed.
	case c.waiting && recovered:
		c.resume(now)
	case !c.known:
	case !c.front.needsBeat():
		c.moved = time.Time{}
	case moved || recovered:
		c.hurry(now)
	}
}

// renewed takes that the session to the server in front was replaced: a heartbeat makes
// the new one known. That of a call under way may have gone over the old one.
func (c *core) renewed(now time.Time) {
	f := &c.front
	f.changed, f.renewed = true, true
	f.lost = f.lost || f.landed.Addr == f.server.Addr
	if !c.busy && c.known && f.needsBeat() {
		c.hurry(now)
	}
}

// hurry sends a heartbeat to the server that is now in front.
func (c *core) hurry(now time.Time) {
	if !c.moved.IsZero() {
		return // it goes to whoever is in front then
	}
	c.moved = later(now.Add(c.fleet.move(c.chance())), c.front.gap)
}

// resume ends the pause after a failure: servers answer again.
func (c *core) resume(now time.Time) {
	at := later(now.Add(c.fleet.move(c.chance())), c.began.Add(callsApart))
	if c.known {
		c.beat = earliest(c.beat, at)
	}
	if !c.known || c.wanted {
		c.register = earliest(c.register, at)
	}
}
