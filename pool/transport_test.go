package pool_test

import (
	"bytes"
	"context"
	"net"
	"sync"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// bare hides what a connection is: it may block, for all that is known.
type bare struct{ net.Conn }

func dialBare(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	return bare{conn}, err
}

func TestCallsOfAnySizePassOverEveryTransport(t *testing.T) {
	ca := newAuthority(t)
	for name, c := range map[string]struct {
		server func(*testing.T) *testutil.Server
		cfg    pool.Config
	}{
		"TCP":                         {func(t *testing.T) *testutil.Server { return startServer(t) }, pool.Config{}},
		"one that may block":          {func(t *testing.T) *testutil.Server { return startServer(t) }, pool.Config{Dial: dialBare}},
		"TLS":                         {func(*testing.T) *testutil.Server { return ca.server() }, pool.Config{TLS: ca.agent()}},
		"TLS over one that may block": {func(*testing.T) *testutil.Server { return ca.server() }, pool.Config{TLS: ca.agent(), Dial: dialBare}},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := c.server(t), newPool(t, c.cfg)
			ctx := within(t)
			const callers = 30
			// A stream with a wide window need not be kept, so only before there are any is it known how many there are.
			for _, sizes := range [][]int{{1, 3000}, {100 << 10, 400 << 10, 10}} {
				var wg sync.WaitGroup
				for i := range callers {
					wg.Go(func() {
						for _, n := range sizes {
							want := bytes.Repeat([]byte{byte(i), byte(n)}, n)
							var got []byte
							if err := p.Call(ctx, s.Addr(), "Echo.Echo", want, &got); err != nil || !bytes.Equal(got, want) {
								t.Errorf("%d bytes: %d came back, %v", len(want), len(got), err)
							}
						}
					})
				}
				wg.Wait()
				if st := p.Stats(); sizes[0] == 1 && st.Streams > callers || st.Dials != 1 {
					t.Fatalf("%+v", st)
				}
			}
		})
	}
}
