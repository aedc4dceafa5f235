package contain

import (
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&Panic{Text: text, Stack: []byte("a")},
			&shown{text: Text(cause), err: cause},
			Error(cause),
		}
	})
}
