package poolcore

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&renewedError{text},
			&drainedError{text},
			&Refusal{Addr: text, Until: time.Unix(1, 0), Failures: 1, Last: Failure{Addr: text, Err: cause}},
		}
	})
}
