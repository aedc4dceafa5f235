package heartbeat

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// observation is what a view shows about the active server.
type observation struct {
	server   messages.Server // zero: there is none
	health   messages.Health
	failed   map[string]bool   // addresses of the servers that have failed
	failures map[string]uint64 // by address: how often, of those that ever have
}

// observationOf reads a view.
func observationOf(v *messages.View) observation {
	s := observation{failed: map[string]bool{}, failures: map[string]uint64{}}
	for r := range v.Ranking() {
		if r.Failures > 0 {
			s.failures[r.Server.Addr] = r.Failures
		}
		if r.Health == messages.Failed {
			s.failed[r.Server.Addr] = true
		}
	}
	s.server, _ = v.Active()
	s.health = v.Health(s.server)
	return s
}

// front is the active server, and whether servers know the node by its session to it.
type front struct {
	observation
	answerer    messages.Server // the server that sent the last good reply
	counted     uint64          // failures of answerer that are known
	sessionLost bool            // answerer failed or was left since then: its session ends
	changed     bool            // another server became active while the call was under way
	renewed     bool            // its session was replaced meanwhile
	notBefore   time.Time       // the next heartbeat because of a move
}

// needsBeat reports whether the active server works, and has not got the last good call on
// its present session.
func (f *front) needsBeat() bool {
	works := f.health == messages.Alive || f.health == messages.Unknown
	return works && f.server.Addr != "" && f.answerer.Addr != "" && (f.server.Addr != f.answerer.Addr || f.sessionLost)
}

// observe takes a view. moved reports whether another server is active, or the answerer has
// failed, also if it was alive again before anybody looked; recovered whether the active
// server answers after it did not.
func (f *front) observe(s observation) (moved, recovered bool) {
	other, failures := s.server.Addr != f.server.Addr, s.failures[f.answerer.Addr]
	failed := s.failed[f.answerer.Addr] || failures != f.counted
	f.counted = failures
	moved = other || failed
	recovered = s.health == messages.Alive && (other || f.health != messages.Alive)
	f.sessionLost = f.sessionLost || failed || other && f.server.Addr == f.answerer.Addr && f.answerer.Addr != ""
	f.changed = f.changed || moved
	f.observation = s
	return moved, recovered
}

// replied takes the server that answered, and reports whether another one has become active
// meanwhile and needs a heartbeat.
func (f *front) replied(from messages.Server) bool {
	if from.Addr == "" {
		from = f.server
	}
	f.answerer, f.counted = from, f.failures[from.Addr]
	f.sessionLost = f.failed[from.Addr] || f.renewed && from.Addr == f.server.Addr
	return f.changed && f.needsBeat()
}

// observe takes a new view of the proxy.
func (c *core) observe(now time.Time, s observation) {
	moved, recovered := c.front.observe(s)
	switch {
	case c.busy:
		// The reply tells which server it came from.
	case c.waiting && recovered:
		c.endPause(now)
	case !c.known:
	case !c.front.needsBeat():
		c.moveBeat = time.Time{}
	case moved || recovered:
		c.scheduleMove(now)
	}
}

// renewed notes that the session to the active server was replaced: a heartbeat makes the
// new one known. The call under way may have gone over the old one.
func (c *core) renewed(now time.Time) {
	f := &c.front
	f.changed, f.renewed = true, true
	f.sessionLost = f.sessionLost || f.answerer.Addr == f.server.Addr
	if !c.busy && c.known && f.needsBeat() {
		c.scheduleMove(now)
	}
}

// scheduleMove sends a heartbeat to the active server soon.
func (c *core) scheduleMove(now time.Time) {
	if !c.moveBeat.IsZero() {
		return // it goes to the server that is active then
	}
	c.moveBeat = later(now.Add(c.fleet.move(c.chance())), c.front.notBefore)
}

// endPause shortens the pause after a failure: servers answer again.
func (c *core) endPause(now time.Time) {
	at := later(now.Add(c.fleet.move(c.chance())), c.began.Add(callsApart))
	if c.known {
		c.beat = earliest(c.beat, at)
	}
	if !c.known || c.registerWanted {
		c.register = earliest(c.register, at)
	}
}
