package main

import (
	"slices"
	"time"
)

// sample is the effect of one fault on one agent.
type sample struct {
	agent  string
	next   time.Duration // how late its next successful heartbeat was
	worst  time.Duration // how late its latest one was
	gap    time.Duration // longest time between two successful ones
	failed int           // calls for a heartbeat that ended with an error
	again  bool          // more than one was noticeably late
	missed bool          // a gap was longer than the TTL granted and the grace
}

// noticeable is the lateness that is not a matter of a busy machine.
const noticeable = 300 * time.Millisecond

// measure reads a sample from all heartbeats of an agent. The fault came at
// from, and at to all was well again or patience had ended. What the machine did
// not run meanwhile does not count. It returns false if no heartbeat succeeded
// before.
func measure(agent string, beats []record, from, to time.Time, grace time.Duration, m machine) (sample, bool) {
	s := sample{agent: agent}
	var last *record // the last that succeeded
	once := false    // one was noticeably late
	ended := func(at time.Time, due time.Time, first bool) {
		late := max(m.took(due, at), 0)
		if first {
			s.next = late
		}
		if late > noticeable {
			s.again, once = once, true
		}
		s.worst = max(s.worst, late)
	}
	first := true
	for i := range beats {
		b := &beats[i]
		switch {
		case b.Done.After(to):
			continue
		case !b.ok():
			if b.Done.After(from) {
				s.failed++
			}
			continue
		case b.Done.After(from) && last != nil:
			gap := m.took(last.Done, b.Done)
			s.gap = max(s.gap, gap)
			s.missed = s.missed || gap > last.TTL+grace
			ended(b.Done, b.Due, first)
			first = false
		}
		last = b
	}
	if last == nil {
		return s, false
	}
	// One that is still to come counts as far as it is late already.
	if due := last.Done.Add(last.TTL); first || to.After(due.Add(grace)) {
		s.gap = max(s.gap, m.took(last.Done, to))
		s.missed = s.missed || s.gap > last.TTL+grace
		ended(to, due, first)
	}
	return s, true
}

// quantile is the smallest of the values that is not below a share q of them;
// zero if there is none.
func quantile(values []time.Duration, q float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(q*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(rank, 0), len(sorted)-1)]
}

// row is one line of the table.
type row struct {
	fault, client  string
	n              int
	p50, p90, most time.Duration // late
	gap            time.Duration
	missed         int
	failed         int     // calls for heartbeats
	again          int     // agents that were late more than once
	loads          [][]int // of roll: agents per server, once per run
	back           *back   // of rebalance
}

// sum makes a row of samples. For roll and rebalance the latest heartbeat counts,
// else the next one.
func sum(fault, client string, samples []sample) row {
	r := row{fault: fault, client: client, n: len(samples)}
	var lates []time.Duration
	for _, s := range samples {
		late := s.next
		if fault == faultRoll || fault == faultRebalance {
			late = s.worst
		}
		lates = append(lates, late)
		r.gap = max(r.gap, s.gap)
		r.failed += s.failed
		if s.missed {
			r.missed++
		}
		if s.again {
			r.again++
		}
	}
	r.p50, r.p90, r.most = quantile(lates, 0.5), quantile(lates, 0.9), quantile(lates, 1)
	return r
}
