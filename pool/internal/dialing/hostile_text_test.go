package dialing

import (
	"net"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&LookupError{Cause: cause, Err: &net.DNSError{Err: text, Name: text, Server: text}},
			&LateError{},
		}
	})
}
