package proxy

import (
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&ConfigError{Field: text, Reason: text, Err: cause},
			&ConfigError{Field: "Servers", Reason: bad(text).Error(), Err: bad(text)},
			&MessageError{Type: text},
			&frozenError{text: text, brief: text, recorded: text, reason: MoveReason(text)},
		}
	})
}

// bad is a list of two bad addresses.
func bad(text string) *messages.AddrsError {
	_, one := messages.ParseServer(text + "/")
	_, two := messages.ParseServer("/")
	return &messages.AddrsError{Errs: []*messages.AddrError{one.(*messages.AddrError), two.(*messages.AddrError)}}
}
