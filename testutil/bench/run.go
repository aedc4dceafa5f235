package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/open-nomad/rpcproxy/testutil/bench/apart"
	"github.com/open-nomad/rpcproxy/testutil/bench/round"
)

// options select the measurements and their number.
type options struct {
	rounds  int            // at least 1
	only    *regexp.Regexp // nil: everything
	clients []string       // empty: all
	apart   apart.Config
}

func allWorks() []work {
	return slices.Concat(findWorks(), mailboxWorks(), callWorks(), ownerWorks(), memoryWorks())
}

// noSuchWorkError reports that only matches no work.
type noSuchWorkError struct {
	only  string // as given
	works []string
}

func (e *noSuchWorkError) Error() string {
	return fmt.Sprintf("%q matches no work: give a regular expression that matches one of %s", e.only, strings.Join(e.works, " "))
}

// pick is the rows and works that are to be measured. The error is a *noSuchWorkError.
func (o options) pick(rows []apart.Row, works []work) ([]apart.Row, []work, error) {
	if o.only == nil {
		return rows, works, nil
	}
	e := &noSuchWorkError{only: o.only.String()}
	out := func(name string) bool {
		e.works = append(e.works, name)
		return !o.only.MatchString(name)
	}
	rows = slices.DeleteFunc(rows, func(r apart.Row) bool { return out(r.Name()) })
	works = slices.DeleteFunc(slices.Clone(works), func(w work) bool { return out(w.name) })
	if len(rows)+len(works) == 0 {
		return nil, nil, e
	}
	return rows, works, nil
}

// runRows measures clients in processes of their own and reports each result at once. It blocks as
// runAll does.
func runRows(ctx context.Context, o options, rows []apart.Row, to *report) (err error) {
	if len(rows) == 0 {
		return nil
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	programs, err := apart.Build(ctx, dir, o.clients...)
	if err != nil {
		return err
	}
	b, err := apart.Open(ctx, programs, o.apart)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	for _, row := range rows {
		r, err := b.Measure(ctx, row, o.rounds)
		if err != nil {
			return err
		}
		to.addRow(r)
	}
	return nil
}

// runAll measures the works and reports each result at once. It blocks until that is
// done or ctx ends, which is then in the error.
func runAll(ctx context.Context, o options, works []work, report func(Result)) error {
	for _, w := range works {
		if err := ctx.Err(); err != nil {
			return err
		}
		measure := w.time
		if w.footprint != nil {
			measure = w.measureFootprint
		}
		r, err := measure(ctx, o.rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, errors.Join(err, ctx.Err()))
		}
		report(r)
	}
	return nil
}

// time measures how long the work takes each of its entrants. Every round begins
// with another entrant.
func (w work) time(ctx context.Context, rounds int) (r Result, err error) {
	s, err := w.open(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	groups := make([]*round.Group, len(s.entrants))
	for i, e := range s.entrants {
		groups[i] = round.New(e.Work)
		if _, err := groups[i].Round(ctx, s.slice/4); err != nil { // warms up; counts for nothing
			return r, err
		}
	}
	var samples [roles][]round.Sample
	for n := range rounds {
		for i := range groups {
			next := (n + i) % len(groups)
			one, err := groups[next].Round(ctx, s.slice)
			if err != nil {
				return r, err
			}
			role := s.entrants[next].role
			samples[role] = append(samples[role], one)
		}
	}
	r = summary(w.name, &samples)
	r.Note = s.note
	if w.curve != "" {
		r.Curve, r.At = w.curve, new(w.at)
	}
	return r, nil
}
