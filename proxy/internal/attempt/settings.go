package attempt

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// Settings are what a list of servers and its heartbeats mean for an agent's pool.
type Settings struct {
	Retained  string        // the server whose session the pool keeps
	Keepalive time.Duration // how long a session may be silent before it is pinged
	Spread    time.Duration // of dials, in an outage of the cluster; 0: they need none
	Servers   int           // that the list has
	Lease     time.Duration // for how long heartbeats hold; 0: unknown
}

// Viewed are the settings with a view. ttl is that of the last heartbeat, 0 if there was
// none, place that of Keepalive.
func (s Settings) Viewed(view *messages.View, ttl time.Duration, place float64) Settings {
	active, _ := view.Active()
	s.Retained = active.Addr
	s.Keepalive = Keepalive(ttl, place)
	s.Spread, s.Servers = dialSpread(view.NumNodes(), view.Len()), view.Len()
	return s
}

// Granted are the settings after a heartbeat. Servers grant a random time between one and
// two times the least, so the longest recent one counts.
func (s Settings) Granted(ttl time.Duration) Settings {
	if ttl > 0 && (ttl > s.Lease || ttl < s.Lease/2) {
		s.Lease = ttl
	}
	return s
}

// dialSpread is the time in which each of so many agents dials one of its servers once,
// when they cannot reach any, and each server gets as many dials a second as from
// rebalancing; zero if that is below a second.
func dialSpread(nodes, servers int) time.Duration {
	perSecond := dialsPerServer * max(servers, 1)
	spread := time.Duration(min(max(nodes, 0), 1<<30)) * time.Second / time.Duration(perSecond)
	if spread < time.Second {
		return 0
	}
	return spread.Truncate(time.Second)
}

// Added reports whether view has a server that the last one did not have, while none is
// alive: it is dialed at once, also by an agent of a big fleet, whose dials are few in an
// outage (spread).
func Added(view, last *messages.View, spread time.Duration) bool {
	if spread == 0 || last == nil {
		return false
	}
	added := false
	for r := range view.Ranking() {
		if r.Health == messages.Alive {
			return false
		}
		added = added || !last.Contains(r.Server)
	}
	return added
}
