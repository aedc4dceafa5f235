// Package poolcore holds the decisions of the pool's owner: which server is dialed, which
// session calls find, and when a session is pinged, left, replaced or closed.
//
// A [Core] is pure and deterministic: no I/O, no clock, no chance of its own. It knows
// sessions by number. [Core.Step] takes one [Message], [Core.Expire] does what is due,
// [Core.Deadline] is when that is called next, and [Core.Take] returns the effects for
// the owner to carry out, in order. What it asks its owner for is [Env]: how a session is
// used now, what a failure is, and chance. The same messages, times and answers have the same
// effects in the same order, so a simulation of many agents, which share one [Config], is like
// the one before to the byte.
//
// The files: state.go is what is known, in the sets of ordered.go and the memory of memory.go; dials.go, slots.go,
// backoff.go, pace.go and limits.go decide about dials; liveness.go about silent servers, serving.go about
// servers that leave calls unanswered, openings.go about those that open no stream;
// retire.go and move.go about the end of sessions; renew.go about their replacement.
package poolcore
