package pool

import (
	"context"
	"io"
	"net/netip"
	"testing"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

// aLookup answers with its addresses.
type aLookup []netip.Addr

func (l aLookup) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return append([]netip.Addr(nil), l...), nil
}

// A call can tell of a broken session before the session's keeper has taken note of it,
// and the dial that it asks for must not begin with the very same address.
func TestTheAddressOfABrokenSessionIsNotTheFirstToBeDialed(t *testing.T) {
	const addr, route, other = "nomad.test:4647", "127.0.0.2:4647", "127.0.0.1:4647"
	for cause, fails := range map[error]bool{io.EOF: true, ErrIdle: false, ErrRenewed: false} {
		ips := aLookup{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.3")}
		p := &Pool{resolver: &dialing.Resolver{Net: ips}}
		p.own()
		ends := func() (with map[string]bool) { // the addresses that are dialed last, of many dials
			with = make(map[string]bool)
			for range 100 {
				r, err := p.resolver.Resolve(t.Context(), addr)
				noError(t, err)
				with[r.Each[2]] = true
			}
			return with
		}
		s := p.newConnection(context.Background(), &muxtest.Conn{}, addr, route, 1)
		s.End(cause)
		o := &owner{pool: p, live: map[uint64]*connection{1: s}, core: poolcore.New(new(poolcore.Config), nil)}
		ends() // the name is known
		if o.noteEnd(0); len(ends()) != 3 {
			t.Fatal("no session is reported, and yet an address failed")
		}
		o.noteEnd(1)
		if last := ends(); (len(last) == 1 && last[route]) != fails {
			t.Errorf("%v: the last are %v", cause, last)
		}
		p.resolver.Failed(addr, other)
		if p.failRoute(s, cause); !ends()[other] {
			t.Errorf("%v: and it failed again when the session's keeper reported it", cause)
		}
	}
}
