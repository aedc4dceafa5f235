package contain

import (
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		all := []error{
			&Panic{Text: text, Stack: []byte("a"), err: cause},
			&shown{text: Text(cause), err: cause},
			Error(cause),
		}
		if tame, p := Tame(cause); p == nil { // of one that has panicked nothing is asked any more
			all = append(all, tame)
		}
		return all
	}, "Foreign.mute")
}
