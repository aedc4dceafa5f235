package safefile

import (
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&Error{Op: text, Path: text, Reason: text, Advice: text, Err: cause},
			refusal{reason: text, advice: text, cause: cause},
		}
	})
}
