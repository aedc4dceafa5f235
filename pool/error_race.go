package pool

import (
	"fmt"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// maxRaced is how many addresses the error of a race names.
const maxRaced = 8

// raceError reports that no address of a server works.
type raceError struct {
	routes int          // addresses there were
	each   []*DialError // of those tried first; never empty
}

// raceFailed is the error of a race without a winner. Its phase is the latest one that an
// address came to.
func raceFailed(addr string, routes []string, failed []error) *DialError {
	of := &raceError{routes: len(routes)}
	phase := PhaseDial
	for i, err := range failed {
		e := &DialError{Addr: routes[i], Phase: PhaseDial, Err: err}
		if d, ok := err.(*DialError); ok { //nolint:errorlint // setUp returns it bare
			e.Phase, e.Err = d.Phase, d.Err
		}
		phase = max(phase, e.Phase)
		if len(of.each) < maxRaced {
			of.each = append(of.each, e)
		}
	}
	return &DialError{Addr: addr, Phase: phase, Err: of}
}

func (e *raceError) Error() string { return e.text("") }

// text names the addresses, those with the same cause together. phase is the one that is
// stated already.
func (e *raceError) text(phase string) string {
	var causes []string
	each := make(map[string][]string) // addresses by cause
	for _, err := range e.each {
		at := err.Phase.String()
		cause := stated{server: err.Addr, phase: at}.text(err.Err)
		if at != phase {
			cause = at + ": " + cause
		}
		if each[cause] == nil {
			causes = append(causes, cause)
		}
		each[cause] = append(each[cause], printable.Name(err.Addr))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "none of %d addresses works", e.routes)
	for i, cause := range causes {
		b.WriteString([]string{": ", "; "}[min(i, 1)] + strings.Join(each[cause], ", ") + ": " + cause)
	}
	if more := e.routes - len(e.each); more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	return b.String()
}

// Unwrap gives the *DialError of each address.
func (e *raceError) Unwrap() []error {
	errs := make([]error, len(e.each))
	for i, err := range e.each {
		errs[i] = err
	}
	return errs
}

// outdatedError reports that a name could not be resolved, and that the server was not
// reached at the addresses that the name had before either.
type outdatedError struct{ lookup, dial error }

func (e *outdatedError) Error() string { return e.text(stated{}) }

func (e *outdatedError) text(s stated) string {
	return s.text(e.lookup) + "; and where the name led before: " + s.text(e.dial)
}

func (e *outdatedError) Unwrap() []error { return []error{e.lookup, e.dial} }

// explain adds to the error of a dial that the lookup failed; nil: it did not.
func explain(err, lookup error) error {
	d, ok := err.(*DialError) //nolint:errorlint // setUp and raceFailed return it bare
	if lookup == nil || !ok {
		return err
	}
	return &DialError{Addr: d.Addr, Phase: d.Phase, Err: &outdatedError{lookup: lookup, dial: d.Err}}
}
