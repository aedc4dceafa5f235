package accept

import (
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&Refusal{Text: text, Ends: true},
			&UnknownByteError{Byte: 0x1b},
		}
	})
}
