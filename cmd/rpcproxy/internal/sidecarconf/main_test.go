package sidecarconf

import (
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		one := &Error{File: text, Line: 7, Name: text, Reason: text, Advice: text, Err: cause}
		return []error{one, Errors{one}}
	})
}
