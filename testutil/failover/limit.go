package main

import (
	"fmt"
	"time"
)

// limit is how late heartbeats may be; zero: as late as they like, as long as
// none is missed. If calls hold, none for a heartbeat may fail; if the way back
// does, no call of a server to an agent may, no log may end, and sessions are few.
type limit struct {
	p90, most   time.Duration
	calls, back bool
}

// A server that fails in silence is noticed by the lack of an answer only; a
// connection that ends is noticed at once.
var (
	inSilence = limit{p90: 3 * time.Second, most: 4 * time.Second}
	inSight   = limit{most: noticeable}
)

// No server died, or the server has announced that it leaves, and the proxy repeats a heartbeat
// by itself. But nothing hurries a new leader along. After an orderly end there is one 1.4 to 2.4 s
// later; after a transfer 0.1 to 0.3 s later. A refused heartbeat comes again after
// a pause, which is longer the more often it was refused, and the fewest are hit, so
// there is no limit for nine of ten.
var (
	inElection = limit{most: 3500 * time.Millisecond, calls: true}
	inTransfer = limit{most: 2 * time.Second, calls: true}
)

// inMotion is for agents that move while nothing is wrong.
var inMotion = limit{most: time.Second, calls: true, back: true}

// While a sidecar is gone nobody helps its agent, which tries again one to two seconds after
// each attempt that failed. A call that a sidecar is frozen with is answered when it goes on.
var (
	inRestart = limit{most: 5 * time.Second}
	inFreeze  = limit{most: sidecarFreeze}
)

// How long sidecars are gone.
const (
	sidecarRestart = 1500 * time.Millisecond // then they are started, and listen within 2 s
	sidecarLate    = 8 * time.Second
	sidecarFreeze  = 10 * time.Second
)

// mostSessions is how many sessions an agent may have at once with all three servers.
const mostSessions = 3

// breaches lists the limits that a row has broken.
func (l limit) breaches(r row) (all []string) {
	if r.client != clientOurs && r.client != "" {
		r.fault += ", " + r.client
	}
	say := func(what string, is, may time.Duration) {
		if may > 0 && is > may {
			all = append(all, fmt.Sprintf("%s: %s late %.3f s, may be %.3f s", r.fault, what, is.Seconds(), may.Seconds()))
		}
	}
	say("p90", r.p90, l.p90)
	say("max", r.most, l.most)
	if r.missed > 0 {
		all = append(all, fmt.Sprintf("%s: %d of %d missed a heartbeat", r.fault, r.missed, r.n))
	}
	if l.calls && r.failed > 0 {
		all = append(all, fmt.Sprintf("%s: %d calls for heartbeats failed", r.fault, r.failed))
	}
	if b := r.back; l.back && b != nil {
		if b.failed > 0 {
			all = append(all, fmt.Sprintf("%s: %d of %d calls of servers to agents failed", r.fault, b.failed, b.calls))
		}
		if b.cut > 0 {
			all = append(all, fmt.Sprintf("%s: %d of %d logs that servers followed were cut", r.fault, b.cut, b.follows))
		}
		if b.sessions > mostSessions {
			all = append(all, fmt.Sprintf("%s: an agent had %d sessions, may have %d", r.fault, b.sessions, mostSessions))
		}
	}
	return all
}

// crowded reports whether a server carries more than one and a half times its share.
func crowded(loads []int) bool {
	var all, most int
	for _, n := range loads {
		all += n
		most = max(most, n)
	}
	return 2*most*len(loads) > 3*all
}
