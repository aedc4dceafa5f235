package dialing

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// runner is how one attempt of a race goes.
type runner struct {
	takes time.Duration
	err   error // how it ends; nil: with success
	deaf  bool  // it succeeds even after it was cancelled
}

// course is a race in a bubble and what happened there.
type course struct {
	began   []time.Duration // of each attempt, from the start
	ended   int             // attempts that are over
	dropped []int
	won     *int
	failed  []error
	took    time.Duration
}

func runRace(ctx context.Context, runners ...runner) *course {
	c := &course{}
	start := time.Now()
	began, over := make(chan time.Duration, len(runners)), make(chan struct{}, len(runners))
	c.won, c.failed = Race(ctx, len(runners), func(ctx context.Context, i int) (*int, error) {
		began <- time.Since(start)
		defer func() { over <- struct{}{} }()
		r := runners[i]
		select {
		case <-time.After(r.takes):
		case <-ctx.Done():
			if !r.deaf {
				return nil, context.Cause(ctx)
			}
		}
		if r.err != nil {
			return nil, r.err
		}
		return &i, nil
	}, func(i *int) { c.dropped = append(c.dropped, *i) })
	c.took, c.ended = time.Since(start), len(over)
	for range len(began) {
		c.began = append(c.began, <-began)
	}
	return c
}

// is compares the course with what it should have been.
func (c *course) is(t *testing.T, won int, took time.Duration, began ...time.Duration) {
	t.Helper()
	got := -1
	if c.won != nil {
		got = *c.won
	}
	if got != won || c.took != took || !slices.Equal(c.began, began) {
		t.Errorf("attempt %d won after %v, they began at %v; want %d, %v, %v", got, c.took, c.began, won, took, began)
	}
	if c.ended != len(began) || len(c.failed) != len(began) {
		t.Errorf("%d attempts ended and there are %d errors, of %d", c.ended, len(c.failed), len(began))
	}
}

const never = time.Hour

var errRunner = errors.New("fell")

func TestTheNextAddressBeginsAfterTheSilenceOrAtOnceAfterAFailure(t *testing.T) {
	for name, c := range map[string]struct {
		runners []runner
		won     int
		took    time.Duration
		began   []time.Duration
	}{
		"the first answers":            {[]runner{{takes: 240 * time.Millisecond}, {}}, 0, 240 * time.Millisecond, []time.Duration{0}},
		"the first is silent":          {[]runner{{takes: never}, {takes: time.Millisecond}}, 1, 251 * time.Millisecond, []time.Duration{0, raceStagger}},
		"no dial begins after the end": {[]runner{{takes: never}, {takes: time.Millisecond}, {}}, 1, 251 * time.Millisecond, []time.Duration{0, raceStagger}},
		"the first is slow and wins":   {[]runner{{takes: 300 * time.Millisecond}, {takes: never}}, 0, 300 * time.Millisecond, []time.Duration{0, raceStagger}},
		"the first fails":              {[]runner{{takes: 10 * time.Millisecond, err: errRunner}, {takes: time.Millisecond}}, 1, 11 * time.Millisecond, []time.Duration{0, 10 * time.Millisecond}},
		"a failure begins the pause":   {[]runner{{takes: 100 * time.Millisecond, err: errRunner}, {takes: never}, {}}, 2, 350 * time.Millisecond, []time.Duration{0, 100 * time.Millisecond, 350 * time.Millisecond}},
		"one silent after the other":   {[]runner{{takes: never}, {takes: never}, {takes: never}, {}}, 3, 750 * time.Millisecond, []time.Duration{0, raceStagger, 2 * raceStagger, 3 * raceStagger}},
		"one fails when none is left":  {[]runner{{takes: 400 * time.Millisecond}, {takes: time.Millisecond, err: errRunner}}, 0, 400 * time.Millisecond, []time.Duration{0, raceStagger}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { runRace(t.Context(), c.runners...).is(t, c.won, c.took, c.began...) })
		})
	}
}

func TestARaceThatAllLoseTellsWhyEachDid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := errors.New("tripped")
		c := runRace(t.Context(), runner{takes: 300 * time.Millisecond, err: errRunner}, runner{takes: time.Millisecond, err: other})
		c.is(t, -1, 300*time.Millisecond, 0, raceStagger)
		if !slices.Equal(c.failed, []error{errRunner, other}) {
			t.Errorf("%v, want them in the order of the addresses", c.failed)
		}
	})
}

func TestTheSecondConnectionIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := runRace(t.Context(), runner{takes: never, deaf: true}, runner{takes: never}, runner{takes: time.Millisecond})
		c.is(t, 2, 501*time.Millisecond, 0, raceStagger, 2*raceStagger)
		if !slices.Equal(c.dropped, []int{0}) || !errors.Is(c.failed[1], ErrLost) || c.failed[0] != nil {
			t.Errorf("dropped %v, failed %v", c.dropped, c.failed)
		}
	})
}

func TestARaceEndsWithItsContextAndBeginsNothingAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancelCause(t.Context())
		time.AfterFunc(400*time.Millisecond, func() { end(errRunner) })
		c := runRace(ctx, runner{takes: never}, runner{takes: never}, runner{})
		c.is(t, -1, 400*time.Millisecond, 0, raceStagger)
		if !slices.Equal(c.failed, []error{errRunner, errRunner}) {
			t.Errorf("%v", c.failed)
		}
	})
}

// The time there is does not do for a quarter of a second for each.
func TestTheLastOfManyAddressesIsTried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const addresses, limit = 16, 3 * time.Second
		ctx, stop := context.WithTimeout(t.Context(), limit)
		defer stop()
		runners, began := make([]runner, addresses), make([]time.Duration, addresses)
		for i := range runners {
			runners[i].takes, began[i] = never, time.Duration(i)*(limit/(addresses+1))
		}
		const answer = 150 * time.Millisecond
		runners[addresses-1].takes = answer
		runRace(ctx, runners...).is(t, addresses-1, began[addresses-1]+answer, began...)
	})
}
