package sidecar

import (
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&ConfigError{Field: text, Reason: text, Err: cause},
		}
	})
}
