package contain

import (
	"fmt"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// ErrorText is the printable text of an error, on one line, cut to limit bytes, and without
// credentials ([printable.WithoutCredentials]); of nil it is "". The entries of a list, which
// stand on lines of their own behind a tab, come to stand behind each other. An error whose Error panics, as that of a nil pointer in an
// error interface does, is named by its type.
func ErrorText(err error, limit int) string {
	if err == nil {
		return ""
	}
	text, p := raw(err)
	if p != nil {
		text = fmt.Sprintf("an error of type %T, whose Error panics: %s", err, p.Text)
	}
	return printable.WithoutCredentials(printable.Line(strings.ReplaceAll(text, "\n\t", "; "), limit))
}

// raw is the text of an error as it is.
func raw(err error) (text string, p *Panic) {
	p = Call(func() { text = err.Error() })
	return text, p
}

// Text is ErrorText: of an error that wraps another up to printable.MaxList bytes, of any
// other up to printable.MaxText.
func Text(err error) string {
	switch err.(type) { //nolint:errorlint // whether it wraps anything
	case interface{ Unwrap() error }, interface{ Unwrap() []error }:
		return ErrorText(err, printable.MaxList)
	}
	return ErrorText(err, printable.MaxText)
}

// Error is an error whose text is Text of err, and which wraps err: err itself where that
// is its text already. nil stays nil.
func Error(err error) error {
	if err == nil {
		return nil
	}
	text := Text(err)
	if as, p := raw(err); p == nil && as == text {
		return err
	}
	return &shown{text: text, err: err}
}

// shown is an error in printable words.
type shown struct {
	text string
	err  error
}

func (e *shown) Error() string { return e.text }

func (e *shown) Unwrap() error { return e.err }
