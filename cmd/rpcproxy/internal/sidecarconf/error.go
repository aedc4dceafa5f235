package sidecarconf

import (
	"fmt"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Error reports a setting that cannot be used.
type Error struct {
	File   string // empty: it was not given in a file
	Line   int    // of the file, from 1; 0: the file as a whole
	Name   string // the flag with its dashes, the variable, or the key in the file; may be empty
	Reason string // what is wrong
	Advice string // what to do; may be empty
	Err    error  // the cause; may be nil. Its text is not shown
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(printable.Text(e.File))
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
		}
		b.WriteString(": ")
	}
	if e.Name != "" {
		b.WriteString(printable.Name(e.Name) + " ")
	}
	b.WriteString(printable.Text(e.Reason))
	if e.Advice != "" {
		b.WriteString(": " + printable.Text(e.Advice))
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// Errors is all that is wrong with a configuration; never empty.
type Errors []*Error

// maxErrors is how many are shown.
const maxErrors = 32

// Error has a line for each.
func (e Errors) Error() string {
	if len(e) == 1 {
		return e[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d settings are wrong:", len(e))
	for _, err := range e[:min(len(e), maxErrors)] {
		b.WriteString("\n\t" + err.Error())
	}
	if more := len(e) - maxErrors; more > 0 {
		fmt.Fprintf(&b, "\n\tand %d more", more)
	}
	return b.String()
}

// Unwrap gives each *Error.
func (e Errors) Unwrap() []error {
	errs := make([]error, 0, len(e))
	for _, err := range e {
		errs = append(errs, err)
	}
	return errs
}
