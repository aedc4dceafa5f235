package main

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/bench/round"
)

// role is the part of an entrant in the comparison, in the order of the report.
type role int

const (
	ours role = iota
	baseline
	floor
	sameServer // ours, against the server of the baseline
	roles
)

// work is one row of the report. Either its time is measured (open) or what it
// holds while it is idle (footprint).
type work struct {
	name      string
	open      func(ctx context.Context) (*setup, error)
	footprint func(ctx context.Context) (footprints, error)

	curve string // of which it is a point; empty: none
	at    int    // where on the curve
}

// setup is the entrants of a work with their servers and clients. They last for
// all rounds: sessions and streams are open from the first round on.
type setup struct {
	entrants []entrant
	slice    time.Duration // of each entrant in a round
	note     string        // printed below the table
	close    func() error
}

// entrant is one way to do the work.
type entrant struct {
	role role
	round.Work
}

// How long an entrant works in a round: long enough for thousands of operations.
const (
	sliceOfMemory  = 20 * time.Millisecond // for works without I/O
	sliceOfNetwork = 80 * time.Millisecond
)

// sequence is an entrant of one goroutine.
func sequence(r role, chunk int, do func(n int) error) entrant {
	return entrant{r, round.Work{Workers: 1, Chunk: chunk, Do: func(_ context.Context, _, n int) error { return do(n) }}}
}
