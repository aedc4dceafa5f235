package attempt

import "time"

// A server pings each of its clients every 30 s (yamux.DefaultConfig, with which Nomad
// 2.0.6 nomad/rpc.go serves its sessions). That shows nothing of the other direction, so
// agents ask too, and it costs the server less than its own pings do.
const (
	longestKeepalive = 42 * time.Second
	leastKeepalive   = 5 * time.Second
	// silenceTakes is how long it may take to leave a server that has not been heard
	// of for a keepalive: its ping is waited for, then another server's answer.
	silenceTakes = 5 * time.Second
)

// Keepalive is for how long nothing may come in on a session that carries calls, be
// they blocking queries, before it is asked for a sign of life: a server that has died
// is found before the TTL of the last heartbeat, zero if there was none, is over. Up to
// a sixth of it is taken off by place, in [0, 1), so that the agents of a server do not
// all ask, and then all ask another server, in the same second.
func Keepalive(ttl time.Duration, place float64) time.Duration {
	every := longestKeepalive
	if ttl > 0 {
		every = max(min(every, ttl-silenceTakes), leastKeepalive)
	}
	return every - time.Duration(place*float64(every)/6)
}
