package credentials

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// noError fails the test with err, if there is one.
func noError(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
