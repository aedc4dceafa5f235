package pool

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// raceStagger is how long an address may be silent before the next one of its
// name is tried beside it.
const raceStagger = 250 * time.Millisecond

// errLost is why a session ended that came up second, or would have.
var errLost = errors.New("another address of the server was faster")

// reach sets up a session to one of the addresses of addr, whichever answers
// first. Those that fail come last in the dials that follow.
func (p *Pool) reach(ctx context.Context, addr string, routes []string, id uint64, creds *credentials) (*connection, error) {
	attempt := func(ctx context.Context, i int) (*connection, error) {
		s, err := p.setUp(ctx, addr, routes[i], id, creds)
		if err != nil && !errors.Is(err, errLost) {
			p.names.fail(addr, routes[i], time.Now())
		}
		return s, err
	}
	if len(routes) == 1 {
		return attempt(ctx, 0)
	}
	s, failed := race(ctx, len(routes), attempt, (*connection).lose)
	if s != nil {
		return s, nil
	}
	return nil, beaten(addr, routes, failed)
}

// lose ends a session that came up when another had won.
func (s *connection) lose() { s.Abort(errLost) }

// stagger is the time between n attempts within ctx: all of them get their turn,
// the last one with time to answer.
func stagger(ctx context.Context, n int) time.Duration {
	deadline, limited := connectBy(ctx)
	if !limited {
		return raceStagger
	}
	return min(raceStagger, time.Until(deadline)/time.Duration(n+1))
}

// race runs up to n attempts, the next one after a while or when one fails, and
// answers the first success, or else why each that was begun failed. It cancels
// the others then and hands to drop what they still brought about; when it
// returns, none is left. Attempts must return when their context ends.
func race[T any](ctx context.Context, n int,
	attempt func(ctx context.Context, i int) (*T, error), drop func(*T),
) (won *T, failed []error) {
	type result struct {
		i   int
		got *T
		err error
	}
	running, end := context.WithCancelCause(ctx)
	defer end(errLost)
	results := make(chan result)
	begun, open := 0, 0
	pause := stagger(ctx, n)
	late := time.NewTimer(pause)
	defer late.Stop()
	next := func() {
		if won != nil || begun == n || ctx.Err() != nil {
			return
		}
		i := begun
		begun, open = begun+1, open+1
		late.Reset(pause)
		go func() {
			got, err := attempt(running, i)
			results <- result{i, got, err}
		}()
	}
	errs := make([]error, n)
	for next(); open > 0; {
		select {
		case r := <-results:
			open--
			switch {
			case r.err != nil:
				errs[r.i] = r.err
				next()
			case won != nil:
				drop(r.got)
			default:
				won = r.got
				end(errLost)
			}
		case <-late.C:
			next()
		}
	}
	return won, errs[:begun]
}

// maxBeaten is how many addresses the error of a race names.
const maxBeaten = 8

// beatenError says that no address of a server works.
type beatenError struct {
	routes int          // addresses there were
	each   []*DialError // of those tried first; never empty
}

// beaten is the error of a race without a winner. The phase is that of the
// address that came furthest.
func beaten(addr string, routes []string, failed []error) *DialError {
	of := &beatenError{routes: len(routes)}
	phase := PhaseDial
	for i, err := range failed {
		e := &DialError{Addr: routes[i], Phase: PhaseDial, Err: err}
		if d, ok := err.(*DialError); ok { //nolint:errorlint // setUp gives it bare
			e.Phase, e.Err = d.Phase, d.Err
		}
		phase = max(phase, e.Phase)
		if len(of.each) < maxBeaten {
			of.each = append(of.each, e)
		}
	}
	return &DialError{Addr: addr, Phase: phase, Err: of}
}

func (e *beatenError) Error() string { return e.text("") }

// text names the addresses, those with the same cause together. The phase is not
// repeated that has been said.
func (e *beatenError) text(phase string) string {
	var whys []string
	each := make(map[string][]string) // addresses by why
	for _, err := range e.each {
		at := err.Phase.String()
		why := said{server: err.Addr, phase: at}.text(err.Err)
		if at != phase {
			why = at + ": " + why
		}
		if each[why] == nil {
			whys = append(whys, why)
		}
		each[why] = append(each[why], err.Addr)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "none of %d addresses works", e.routes)
	for i, why := range whys {
		b.WriteString([]string{": ", "; "}[min(i, 1)] + strings.Join(each[why], ", ") + ": " + why)
	}
	if more := e.routes - len(e.each); more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	return b.String()
}

// Unwrap gives the *DialError of each address.
func (e *beatenError) Unwrap() []error {
	errs := make([]error, len(e.each))
	for i, err := range e.each {
		errs[i] = err
	}
	return errs
}
