package sidecarconf

import (
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// given is what was given for a setting, not understood yet, and where.
type given struct {
	values []string // of a list; else one
	file   string   // empty: not in a file
	line   int
	name   string // the flag with its dashes, the variable, or the key
}

// bad is an error about what was given.
func (g given) bad(reason, advice string, cause error) *Error {
	return &Error{File: g.file, Line: g.line, Name: g.name, Reason: reason, Advice: advice, Err: cause}
}

// quoted is what was given, in quotes.
func (g given) quoted() string { return printable.Quote(strings.Join(g.values, ","), maxShown) }

// maxShown is how much of a value an error shows, in bytes.
const maxShown = 200

// split is a list on a command line or in the environment, without the blanks around its
// commas.
func split(text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	parts := strings.Split(text, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// flagValue is the value of a flag while the command line is read. It implements
// pflag.Value.
type flagValue struct {
	of    *setting
	texts []string // as given, one for each time; nil: not
}

func (v *flagValue) Set(text string) error {
	v.texts = append(v.texts, text)
	return nil
}

// String is the default; pflag shows it.
func (v *flagValue) String() string {
	if v.of == nil { // pflag makes a zero value of its own
		return ""
	}
	return show(v.of.field(defaults()))
}

// Type is what pflag shows for the value.
func (v *flagValue) Type() string {
	switch v.of.field(defaults()).(type) {
	case *bool:
		return "bool"
	case *int:
		return "int"
	case *[]string, *listings, *users, *suites:
		return "strings"
	case interface{ Minutes() float64 }:
		return "duration"
	}
	return "string"
}
