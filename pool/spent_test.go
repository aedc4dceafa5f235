package pool

import (
	"context"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

// A call can tell of a broken session before the session's keeper has taken note of it,
// and the dial that it asks for must not begin with the very same address.
func TestTheAddressOfABrokenSessionIsNotTheFirstToBeDialedWhoeverTellsOfIt(t *testing.T) {
	const addr, route = "nomad.test:4647", "127.0.0.2:4647"
	for cause, fails := range map[error]bool{io.EOF: true, ErrIdle: false, ErrRenewed: false} {
		p := new(Pool)
		p.names.learn(addr, []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")}, time.Now())
		p.sessions = p.sessionConfig()
		s := p.newConnection(context.Background(), &muxtest.Conn{}, addr, route, 1)
		s.End(cause)
		o := &owner{pool: p, live: map[uint64]*connection{1: s}}
		o.spent(0)
		if len(p.names.find(addr).failed) != 0 {
			t.Fatal("no session is told of, and yet an address failed")
		}
		o.spent(1)
		if failed := len(p.names.find(addr).failed) == 1; failed != fails {
			t.Errorf("%v: the address failed: %v", cause, failed)
		}
		before := p.names.find(addr)
		if p.failRoute(s, cause); p.names.find(addr) != before {
			t.Errorf("%v: and it failed again when the session's keeper told of it", cause)
		}
	}
}
