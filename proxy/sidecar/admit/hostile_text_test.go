package admit

import (
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&ListenError{Addr: text, Reason: text, Advice: text},
			&RefusedError{Peer: text, UID: 7, User: text, Reason: text, Advice: text, Err: cause},
			&RefusedError{Peer: text, UID: -1, User: text, Reason: text, Advice: text, Err: cause},
		}
	})
}
