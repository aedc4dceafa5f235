package poolcore

import "github.com/open-nomad/rpcproxy/internal/moment"

// sooner is the earlier of two times, of which the zero time is never.
func sooner(a, b moment.Time) moment.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// later is the later of two times.
func later(a, b moment.Time) moment.Time {
	if b.After(a) {
		return b
	}
	return a
}

// due reports whether a time has come; the zero time never does.
func due(at, now moment.Time) bool { return !at.IsZero() && !at.After(now) }
