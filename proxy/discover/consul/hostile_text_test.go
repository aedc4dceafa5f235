package consul

import (
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&ConfigError{Field: text, Reason: text, Err: cause},
			&ConfigError{Field: "CONSUL_" + text, Reason: text, Err: cause},
			&Error{Path: text, Datacenter: text, Status: 500, Err: cause},
			&Error{Path: text, Datacenter: text, Err: kind(500, text)},
			&WalkError{Errs: []*Error{{Path: text, Datacenter: text, Err: cause}, {Path: text, Datacenter: text, Status: 403, Err: cause}}},
			&WalkError{Errs: []*Error{{Path: text, Datacenter: text, Err: cause}}},
			&readError{cause},
			&masked{text: text, err: cause},
		}
	})
}
