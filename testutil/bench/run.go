package bench

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Options says what is measured and how often.
type Options struct {
	Rounds int            // at least 1
	Only   *regexp.Regexp // nil: everything
}

// Works measures all works that Options names and tells each result when it is
// there. It blocks until that is done or ctx ends (ctx.Err). An Only that matches
// no work is a *NoSuchWorkError.
func Works(ctx context.Context, o Options, tell func(Result)) error {
	return runAll(ctx, o, allWorks(), tell)
}

// NoSuchWorkError says that nothing of what can be measured was named.
type NoSuchWorkError struct {
	Only  string   // as given
	Works []string // what there is
}

func (e *NoSuchWorkError) Error() string {
	return fmt.Sprintf("%q matches no work: give a regular expression that matches one of %s", e.Only, strings.Join(e.Works, " "))
}

// pick leaves out what is not to be measured.
func (o Options) pick(all []work) ([]work, error) {
	if o.Only == nil {
		return all, nil
	}
	picked := slices.DeleteFunc(slices.Clone(all), func(w work) bool { return !o.Only.MatchString(w.name) })
	if len(picked) == 0 {
		e := &NoSuchWorkError{Only: o.Only.String()}
		for _, w := range all {
			e.Works = append(e.Works, w.name)
		}
		return nil, e
	}
	return picked, nil
}

func runAll(ctx context.Context, o Options, all []work, tell func(Result)) error {
	picked, err := o.pick(all)
	if err != nil {
		return err
	}
	for _, w := range picked {
		if err := ctx.Err(); err != nil {
			return err
		}
		measure := w.time
		if w.weigh != nil {
			measure = w.weighAll
		}
		r, err := measure(ctx, o.Rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, errors.Join(err, ctx.Err()))
		}
		tell(r)
	}
	return nil
}

// time measures how long the work takes each of its entrants. Every round begins
// with another one.
func (w work) time(ctx context.Context, rounds int) (r Result, err error) {
	f, err := w.open(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	crews := make([]*crew, len(f.entrants))
	for i, e := range f.entrants {
		crews[i] = newCrew(e)
		if _, err := crews[i].round(ctx, f.slice/4); err != nil { // warms up; counts for nothing
			return r, err
		}
	}
	var samples [roles][]sample
	for round := range rounds {
		for turn := range crews {
			c := crews[(round+turn)%len(crews)]
			s, err := c.round(ctx, f.slice)
			if err != nil {
				return r, err
			}
			samples[c.role] = append(samples[c.role], s)
		}
	}
	r = summary(w.name, &samples)
	r.Note = f.note
	if w.curve != "" {
		r.Curve, r.At = w.curve, new(w.at)
	}
	return r, nil
}
