package contain

import (
	"testing"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&Panic{Text: text, Stack: []byte("a"), err: cause},
			&shown{text: Text(cause), err: cause},
			Error(cause),
			&Foreign{text: printable.Text(text), err: cause},
		}
	}, "Foreign.mute")
}
