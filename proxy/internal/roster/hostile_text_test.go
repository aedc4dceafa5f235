package roster

import (
	"errors"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&FailuresError{Failures: []Failure{{Server: messages.Server{Addr: text}, Err: cause}, {Server: messages.Server{Addr: text}, Err: errors.Join(cause, cause)}}},
			&VersionError{Addr: text},
		}
	})
}
