package consul_test

import (
	"os"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

// TestMain clears the environment's variables about Consul.
func TestMain(m *testing.M) {
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "CONSUL_") {
			if err := os.Unsetenv(name); err != nil {
				panic(err)
			}
		}
	}
	testutil.Main(m)
}
