package discover

import (
	"errors"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&LinkError{Err: cause},
			&LinkError{Source: messages.Source(text), Err: cause},
			Errors{{Source: messages.Source(text), Err: cause}, {Err: errors.Join(cause, cause)}},
			&DamagedError{Path: text, Reason: text, Err: cause},
		}
	}, "LinkError.Source")
}
