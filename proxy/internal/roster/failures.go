package roster

import (
	"fmt"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/messages"
)

// FailuresError is the failure of every server that does not answer.
type FailuresError struct{ Failures []Failure }

// Failure is why one server does not answer.
type Failure struct {
	Server messages.Server
	Err    error // nil: it was silent
}

// maxFailures and maxCause bound the text of a FailuresError: servers, and bytes of
// each cause.
const maxFailures, maxCause = 8, 200

func (e *FailuresError) Error() string { return e.Text(contain.Text) }

// Text is the error with each cause in the words of brief.
func (e *FailuresError) Text(brief func(error) string) string {
	var b strings.Builder
	for i, f := range e.Failures {
		if i == maxFailures {
			fmt.Fprintf(&b, "; and %d more", len(e.Failures)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		text := "no answer"
		if f.Err != nil {
			text = brief(f.Err)
		}
		b.WriteString(printable.Name(f.Server.Addr) + ": " + printable.Line(text, maxCause))
	}
	return b.String()
}

// Unwrap gives the causes.
func (e *FailuresError) Unwrap() []error {
	var causes []error
	for _, f := range e.Failures {
		if f.Err != nil {
			causes = append(causes, f.Err)
		}
	}
	return causes
}

// failuresError is why the failed servers do not answer; nil if there are none.
func (l *list) failuresError() error {
	e := new(FailuresError)
	for s := range l.all() {
		if s.health == messages.Failed {
			e.Failures = append(e.Failures, Failure{Server: s.server, Err: s.cause})
		}
	}
	if e.Failures == nil {
		return nil
	}
	return e
}
