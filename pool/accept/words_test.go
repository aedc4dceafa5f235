package accept_test

import (
	"context"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/accept"
)

// largeRelay answers with many bytes.
type largeRelay struct{ echoRelay }

func (largeRelay) Call(context.Context, string, pool.Raw) (pool.Raw, error) {
	return accept.AppendText(nil, strings.Repeat("y", large)), nil
}

const large = 200 << 10

// Texts name the settings that this side has.
func TestRefusalsSayWhatTheyAreAbout(t *testing.T) {
	for name, row := range map[string]struct {
		cfg  accept.Config
		args int
		says []string
	}{
		"no room for the request":   {accept.Config{MaxBytes: 64 << 10}, large, []string{"rpc: request refused: ", " (MaxBytes)"}},
		"no room for the answer":    {accept.Config{MaxBytes: 64 << 10}, 8 << 10, []string{"rpc: the reply of ", "agents have not taken", " (MaxBytes)"}},
		"a request above the limit": {accept.Config{MaxRequestBytes: 1000}, large, []string{"rpc: request refused: request of at least ", " over the limit of ", " (MaxRequestBytes)"}},
	} {
		t.Run(name, func(t *testing.T) {
			addr, _, _ := serve(t, accept.New(row.cfg), largeRelay{})
			err := dial(t, addr).Call("Test.Large", strings.Repeat("x", row.args), nil)
			if err == nil {
				t.Fatal("it was answered")
			}
			for _, text := range row.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%q is not in: %v", text, err)
				}
			}
		})
	}
}
