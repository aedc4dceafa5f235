package pemtext

import (
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&Error{Block: 1, Line: 1, Reason: text, Err: cause},
			&Error{Line: 1, Reason: text, Err: cause},
			&Error{Reason: text, Err: cause},
		}
	})
}
