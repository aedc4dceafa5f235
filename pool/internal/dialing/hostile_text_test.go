package dialing

import (
	"net"
	"net/netip"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&LookupError{Cause: cause, Err: &net.DNSError{Err: text, Name: text, Server: text}},
			&LateError{},
			&RefusedError{Host: text, IP: netip.IPv6Unspecified(), Reason: text},
			&RefusedError{Host: "a", IP: netip.IPv6Unspecified(), Reason: text},
		}
	})
}
