package admit

import (
	"os"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) {
	if os.Getenv(dialerEnv) != "" {
		os.Exit(dialAsOther())
	}
	testutil.Main(m)
}
