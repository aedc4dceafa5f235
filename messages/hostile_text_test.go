package messages

import (
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&AddrError{Input: text, Reason: text},
			&AddrsError{Errs: []*AddrError{{Input: text, Reason: text}, {Input: text, Reason: text}}},
			&AddrsError{Errs: []*AddrError{{Input: text, Reason: text}}},
			&UpdateError{Offered: 9, Causes: []error{cause, &AddrError{Input: text, Reason: text}}},
		}
	})
}
