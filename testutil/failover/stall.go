package main

import (
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// stalled is the record of a time in which the machine did not run a process.
func stalled(s testutil.Stall) record {
	return record{Kind: kindStall, Due: s.From, Done: s.To}
}

// stall is what such a record tells.
func (r *record) stall() testutil.Stall { return testutil.Stall{From: r.Due, To: r.Done} }

// stillness is how little of a record's beginning tells a process that was frozen
// on purpose from one that the machine did not run.
const stillness = time.Second

// frozen reports whether the stall is the freeze that began at since.
func frozen(s testutil.Stall, since time.Time) bool {
	return !since.IsZero() && s.From.Sub(since).Abs() < stillness && s.To.Sub(s.From) > stillness
}

// machine leaves out of what heartbeats took what the machine did not run
// meanwhile of the processes that they depend on.
type machine []testutil.Stall

// took is how long it was from begin to end.
func (m machine) took(begin, end time.Time) time.Duration {
	return end.Sub(begin) - testutil.Stalled(m, begin, end)
}
