package actor

import (
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&PanicError{Value: text, Stack: []byte("a"), text: text},
			&PanicError{Value: cause, Stack: []byte("a"), text: text},
			&PanicError{Value: struct{ a string }{text}, Stack: []byte("a"), text: text},
		}
	})
}
