package dns

import (
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&ConfigError{Field: text, Reason: text, Err: cause},
			&LookupError{Name: text, Target: text, Type: text, Resolver: text, Reason: cause, Err: &detail{cause}},
			&NoServersError{Lookups: []*LookupError{{Name: text, Reason: cause}, {Name: text, Type: text, Reason: ErrNoData}}},
			&detail{cause},
		}
	})
}
