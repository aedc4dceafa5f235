package watch

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
)

// The states of a server, beside those of messages.Health.
const (
	unknown    = "unknown"
	alive      = "alive"
	failed     = "failed"
	leaderless = "leaderless"
	silent     = "silent" // calls of the agent wait, and it sends nothing
)

// window is how many probes are kept of a server.
const window = 60

// Row is what is known of one server.
type Row struct {
	Addr  string
	State string
	Since time.Time // of State
	Why   string    // it has failed
	Front bool

	trips   []trip // the last ones, oldest first
	last    time.Duration
	p99     time.Duration
	asked   bool // which leader it knows
	says    string
	version string

	status  proxy.ServerStatus // of an agent
	session *proxy.SessionStatus
	listed  bool // by the last report
}

// trip is one probe, or one slot of an agent's figures.
type trip struct {
	took time.Duration // 0: none, or there was no call
	lost bool
}

// add keeps a trip.
func (r *Row) add(t trip) {
	if len(r.trips) == window {
		r.trips = slices.Delete(r.trips, 0, 1)
	}
	r.trips = append(r.trips, t)
}

// loss is how many probes of those kept were not answered.
func (r *Row) loss() (lost, probes int) {
	for _, t := range r.trips {
		if t.lost {
			lost++
		}
	}
	return lost, len(r.trips)
}

// worst is the longest trip of those kept.
func (r *Row) worst() (d time.Duration) {
	for _, t := range r.trips {
		d = max(d, t.took)
	}
	return d
}

// clone is a copy that shares nothing which changes.
func (r *Row) clone() *Row {
	c := *r
	c.trips = slices.Clone(r.trips)
	return &c
}
