package dialing

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/internal/edns"
)

// NewLookup is r, or the system's resolver if r is nil, that also asks name servers which do
// not know EDNS, and whose errors name the server that was asked. Where the system resolves
// names without Go's resolver, it is r alone.
func NewLookup(r *net.Resolver) Lookup {
	if r == nil {
		r = net.DefaultResolver
	}
	return &lookup{from: r, plain: new(edns.Resolvers)}
}

// lookup is a Lookup over a net.Resolver.
type lookup struct {
	from  *net.Resolver
	plain *edns.Resolvers
}

// LookupNetIP is that of a net.Resolver. The error is a *net.DNSError.
func (l *lookup) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	var asked atomic.Pointer[string] // the last one
	dial := l.from.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	r := &net.Resolver{PreferGo: l.from.PreferGo, StrictErrors: l.from.StrictErrors, Dial: func(ctx context.Context, network, server string) (net.Conn, error) {
		c, err := dial(ctx, network, server)
		if err != nil {
			return nil, err
		}
		if at := c.RemoteAddr(); at != nil && at.String() != "" { // which need not be the one that the system has
			server = at.String()
		}
		asked.Store(&server)
		return l.plain.Wrap(c, server), nil
	}}
	ips, err := r.LookupNetIP(ctx, network, host)
	server := asked.Load()
	if dns, ok := errors.AsType[*net.DNSError](err); ok && server != nil {
		named := *dns
		named.Server = *server
		err = &named
	}
	return ips, err
}
