package contain_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestTheTextOfAnErrorIsOnOneLineAndCut(t *testing.T) {
	for _, text := range testutil.HostileTexts() {
		cause := &testutil.HostileError{Text: text}
		for _, err := range []error{cause, fmt.Errorf("%s: %w", text, cause), errors.Join(cause, cause)} {
			got := contain.Text(err)
			testutil.CheckShown(t, "text", got)
			if strings.Contains(got, "\n") {
				t.Errorf("%q has several lines", got)
			}
			if shown := contain.Error(err); shown.Error() != got || !errors.Is(shown, cause) {
				t.Errorf("%q, want %q and its cause", shown, got)
			}
		}
		if n := len(contain.Text(cause)); n > printable.MaxText+40 {
			t.Errorf("%d bytes of a leaf", n)
		}
	}
	if got := contain.Text(errors.New("2 errors:\n\tone\n\ttwo")); got != "2 errors:; one; two" {
		t.Error(got)
	}
}

func TestAnErrorWithAPrintableTextStaysWhatItIs(t *testing.T) {
	if contain.Error(nil) != nil || contain.Text(nil) != "" {
		t.Error("nil")
	}
	if err := contain.Error(io.EOF); err != io.EOF {
		t.Errorf("%T", err)
	}
	if err := contain.Error(panicking{}); !strings.Contains(err.Error(), "whose Error panics") {
		t.Error(err)
	}
}

type worded struct{ token string }

func (worded) String() string { return "in its own words\n" }

func TestAPanicsValueShowsItsWordsAndNotItsFields(t *testing.T) {
	for _, c := range []struct {
		value any
		want  string
	}{
		{"text\n", `text\n`},
		{errors.New("err\x1b"), `err\x1b`},
		{worded{"s3cr3t"}, `in its own words\n`},
		{42, "42"},
		{2.5, "2.5"},
		{true, "true"},
		{nil, "<nil>"},
		{named("a\u202e"), `a\u202e`},
		{struct{ Token string }{"s3cr3t"}, "a value of type struct { Token string }"},
		{&struct{ Token string }{"s3cr3t"}, "a value of type *struct { Token string }"},
		{map[string]string{"AuthToken": "s3cr3t"}, "a value of type map[string]string"},
		{[]string{"s3cr3t"}, "a value of type []string"},
	} {
		if got := contain.ValueText(c.value); got != c.want {
			t.Errorf("%T: %s, want %s", c.value, got, c.want)
		}
	}
}

type named string
