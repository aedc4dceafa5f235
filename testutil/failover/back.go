package main

import (
	"fmt"
	"slices"
	"time"
)

// back counts what became of the servers' way to the agents while these moved.
type back struct {
	moves    int // an agent's calls went to another server than before
	calls    int // of servers to agents
	failed   int // of these
	noPath   int // not made: the server had no session of an agent whose calls it got
	follows  int // logs that servers followed
	cut      int // of these: ended by neither side's wish, or a line was lost
	sessions int // the most that an agent had with all servers
}

const (
	// learning is how long a server may take to learn of an agent's session.
	learning = 2 * time.Second
	// otherWay is how far apart calls by two servers may be for one to tell
	// whether the other could have been made by the same way.
	otherWay = 2 * time.Second
)

// tally counts what concerns one agent, from from to to. The records are all in
// the order of their Done. A server of a real cluster that has no session of the
// agent forwards the call to one that has: so it fails only if there was none.
func tally(agent string, fronts, calls, follows []record, from, to time.Time) (b back) {
	within := func(at time.Time) bool { return at.After(from) && !at.After(to) }
	for _, f := range fronts {
		if within(f.Done) {
			b.moves++
		}
	}
	latest := map[string]record{} // by caller
	for _, c := range calls {
		if c.Agent != agent || !within(c.Sent) {
			continue
		}
		latest[c.Server] = c
		b.sessions = max(b.sessions, together(latest, c.Sent))
		switch {
		case !c.NoPath:
			b.calls++
			if c.Err != "" {
				b.failed++
			}
		default:
			if front, since := attachedTo(fronts, c.Sent); front == c.Server && c.Sent.Sub(since) >= learning {
				b.noPath++
			}
			if !slices.ContainsFunc(calls, func(o record) bool {
				return o.Agent == agent && !o.NoPath && o.Sent.Sub(c.Sent).Abs() <= otherWay
			}) {
				b.calls++
				b.failed++
			}
		}
	}
	for _, f := range follows {
		if f.Agent == agent && !f.Done.IsZero() && within(f.Done) {
			b.follows++
			if f.Err != "" {
				b.cut++
			}
		}
	}
	return b
}

// together is how many sessions an agent has with all servers, as these reported last.
func together(latest map[string]record, now time.Time) (n int) {
	for _, c := range latest {
		if now.Sub(c.Sent) <= otherWay {
			n += c.Sessions
		}
	}
	return n
}

// attachedTo is the server that an agent's calls went to at that time, and since
// when; empty: none yet.
func attachedTo(fronts []record, at time.Time) (server string, since time.Time) {
	for _, f := range fronts {
		if !f.Done.After(at) {
			server, since = f.Server, f.Done
		}
	}
	return server, since
}

// add adds up the counts of several agents or runs. Of sessions the most count.
func (b *back) add(o back) {
	b.moves += o.moves
	b.calls += o.calls
	b.failed += o.failed
	b.noPath += o.noPath
	b.follows += o.follows
	b.cut += o.cut
	b.sessions = max(b.sessions, o.sessions)
}

// String is the counts in words.
func (b *back) String() string {
	if b == nil {
		return ""
	}
	return fmt.Sprintf("%d moves; calls failed %d of %d, without a session %d; follows cut %d of %d; sessions at most %d",
		b.moves, b.failed, b.calls, b.noPath, b.cut, b.follows, b.sessions)
}
