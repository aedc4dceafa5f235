package peers

import (
	"context"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// openStock is what the pool replaces: net/rpc's codec on streams of one session
// that are kept for the next call.
func openStock(tb testing.TB) caller {
	session, err := plainclient.Dial(tb.Context(), startServer(tb), plainclient.Config{Idle: 256})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = session.Close() })
	return func(_ context.Context, payload []byte) (reply []byte, err error) {
		err = session.Call("Echo.Echo", payload, &reply)
		return reply, err
	}
}
