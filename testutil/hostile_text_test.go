package testutil_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

// reports counts what a check has found.
type reports []string

func (*reports) Helper() {}

func (r *reports) Errorf(format string, args ...any) { *r = append(*r, fmt.Sprintf(format, args...)) }

func TestEachHostileTextIsFoundWhereItIsShownAsItIs(t *testing.T) {
	for i, text := range testutil.HostileTexts() {
		var found reports
		testutil.CheckShown(&found, "text", text)
		if len(found) == 0 {
			t.Errorf("text %d passes: %.100q", i, text)
		}
	}
	for _, text := range []string{"", "plain", "2 errors:\n\tone\n\ttwo", "bücher \U0001f600", `escaped \x1b[2J \u202e`, strings.Repeat("x", 20_000)} {
		testutil.CheckShown(t, "text", text)
	}
	var found reports
	for _, text := range []string{"a\nb", "a\tb", "\n", strings.Repeat("x", 30_000), "a\u00a0b"} {
		testutil.CheckShown(&found, "text", text)
	}
	if len(found) != 5 {
		t.Errorf("%q", found)
	}
}

// Of testutil's own errors none is made here, so each must be missed.
func TestATypeOfErrorsThatIsNotCheckedIsFound(t *testing.T) {
	var found reports
	testutil.CheckErrorTexts(&found, ".", func(text string, cause error) []error {
		return []error{&testutil.ArgumentError{Err: cause}}
	})
	all := strings.Join(found, "\n")
	for _, want := range []string{"the text of RemoteError is not checked", "the text of ConfigError is not checked", "ArgumentError: not printable", "ArgumentError: it has a line that was forged", "ArgumentError: its Error panics"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is not among %.2000s", want, all)
		}
	}
	if strings.Contains(all, "ArgumentError is not checked") {
		t.Errorf("%.2000s", all)
	}
}
