package bench

import (
	"context"
	"time"
)

// role is what an entrant stands for.
type role int

// In the order of the report.
const (
	ours role = iota
	baseline
	floor
	sameServer // ours, against the baseline's server
	roles
)

// work is something to be measured: by the time it takes or, if it has a weigh, by
// what it holds while it is idle.
type work struct {
	name  string
	open  func(ctx context.Context) (*field, error)
	weigh func(ctx context.Context) (weights, error)

	curve string // which it is a point of; empty: none
	at    int    // where on the curve
}

// field is a work with everything it needs running. Entrants stay as they are
// over the rounds: what they keep (sessions, streams) is warm from the first on.
type field struct {
	entrants []entrant
	slice    time.Duration // how long each entrant works in a round
	note     string        // what to know about the figures
	close    func() error
}

// entrant does the work in its own way.
type entrant struct {
	role    role
	workers int // goroutines that work at once
	chunk   int // operations between two looks at the clock
	timed   bool
	do      func(ctx context.Context, worker, n int) error // n operations
}

// How long an entrant works in a round: long enough for thousands of operations.
const (
	sliceOfMemory  = 20 * time.Millisecond // works that do not leave the process's memory
	sliceOfNetwork = 80 * time.Millisecond
)

// sequence is work by one goroutine.
func sequence(r role, chunk int, do func(n int) error) entrant {
	return entrant{role: r, workers: 1, chunk: chunk, do: func(_ context.Context, _, n int) error { return do(n) }}
}
