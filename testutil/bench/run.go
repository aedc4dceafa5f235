package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// options select the measurements and their number.
type options struct {
	rounds int            // at least 1
	only   *regexp.Regexp // nil: everything
}

func allWorks() []work {
	return slices.Concat(findWorks(), mailboxWorks(), callWorks(), heartbeatWorks(), ownerWorks(), memoryWorks())
}

// noSuchWorkError reports that only matches no work.
type noSuchWorkError struct {
	only  string // as given
	works []string
}

func (e *noSuchWorkError) Error() string {
	return fmt.Sprintf("%q matches no work: give a regular expression that matches one of %s", e.only, strings.Join(e.works, " "))
}

// pick is the works that are to be measured.
func (o options) pick(all []work) ([]work, error) {
	if o.only == nil {
		return all, nil
	}
	picked := slices.DeleteFunc(slices.Clone(all), func(w work) bool { return !o.only.MatchString(w.name) })
	if len(picked) == 0 {
		e := &noSuchWorkError{only: o.only.String()}
		for _, w := range all {
			e.works = append(e.works, w.name)
		}
		return nil, e
	}
	return picked, nil
}

// runAll measures the works that o picks and reports each result at once. It blocks
// until that is done or ctx ends, which is then in the error; a pattern that matches
// no work is a *noSuchWorkError.
func runAll(ctx context.Context, o options, all []work, report func(Result)) error {
	picked, err := o.pick(all)
	if err != nil {
		return err
	}
	for _, w := range picked {
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
	groups := make([]*group, len(s.entrants))
	for i, e := range s.entrants {
		groups[i] = newGroup(e)
		if _, err := groups[i].round(ctx, s.slice/4); err != nil { // warms up; counts for nothing
			return r, err
		}
	}
	var samples [roles][]sample
	for round := range rounds {
		for i := range groups {
			g := groups[(round+i)%len(groups)]
			one, err := g.round(ctx, s.slice)
			if err != nil {
				return r, err
			}
			samples[g.role] = append(samples[g.role], one)
		}
	}
	r = summary(w.name, &samples)
	r.Note = s.note
	if w.curve != "" {
		r.Curve, r.At = w.curve, new(w.at)
	}
	return r, nil
}
