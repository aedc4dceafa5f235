package dialing

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

const (
	maxRoutes   = 16              // addresses of one name that a dial uses
	lookupLimit = 5 * time.Second // of a lookup that no dial waits for
)

// Resolver resolves names, and remembers their addresses for when that fails. Any goroutine
// may use it.
type Resolver struct {
	Net   Lookup // nil: no name is resolved here
	names nameCache
}

// Lookup is the part of a *net.Resolver that a Resolver needs.
type Lookup interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Routes are the addresses to dial for a server.
type Routes struct {
	Each []string // as host:port, in the order to try them; never empty
	Err  error    // of the lookup, which failed: they are the last known ones; nil: it did not
}

// Resolve returns the addresses of the name in addr, or addr itself where no name is to be
// resolved here. A resolver that fails, or is slow, costs only a moment where the name was
// resolved before. The error is a *net.DNSError, behind the end of ctx if that came first,
// or a *RefusedError.
func (r *Resolver) Resolve(ctx context.Context, addr string) (Routes, error) {
	host, port, named := hostName(addr)
	if r.Net == nil || !named {
		if at, err := netip.ParseAddrPort(addr); err == nil {
			return Routes{Each: []string{addr}}, refuseGiven(at.Addr())
		}
		return Routes{Each: []string{addr}}, nil // for the dialer to judge
	}
	known := r.names.find(addr)
	asking, stop := known.patience(ctx)
	defer stop()
	found, now := Routes{}, time.Now()
	ips, err := r.lookUp(asking, host)
	gone := false
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		gone = dns.IsNotFound
	}
	switch {
	case err == nil:
		ips = some(distinct(ips)) // it may have as many as it likes
		known = r.names.learn(addr, ips, now)
	case ctx.Err() == nil && known.usable(now, gone):
		ips, found.Err = slices.Clone(known.ips), err
	default:
		return found, err
	}
	for _, ip := range known.order(ips, now) {
		found.Each = append(found.Each, net.JoinHostPort(ip.String(), port))
	}
	found.Each = found.Each[:min(len(found.Each), maxRoutes)]
	return found, nil
}

// Failed notes that route, an address of the name in addr, failed, or that its server is
// about to go: others come first for a while.
func (r *Resolver) Failed(addr, route string) { r.names.fail(addr, route, time.Now()) }

// Moved reports whether the name in addr no longer leads to route: the resolver answers,
// and with other addresses. It blocks for up to 5 s; the error is a *net.DNSError.
func (r *Resolver) Moved(ctx context.Context, addr, route string) (bool, error) {
	host, _, named := hostName(addr)
	at, err := netip.ParseAddrPort(route)
	if r.Net == nil || !named || err != nil {
		return false, nil // it was not resolved here
	}
	asking, stop := context.WithTimeoutCause(ctx, lookupLimit, &LateError{lookupLimit})
	defer stop()
	now := time.Now()
	ips, err := r.lookUp(asking, host)
	if err != nil {
		return false, err
	}
	there := slices.Contains(distinct(ips), at.Addr().Unmap()) // maybe not among those that are remembered
	return !r.names.learn(addr, ips, now).leads(at.Addr()) && !there, nil
}

// patience bounds a lookup: it may take all the time that there is, or a part of it
// where there are addresses to use in its place.
func (k *knownName) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	if k == nil {
		return ctx, func() {}
	}
	limit := lookupMost
	if at, limited := ctx.Deadline(); limited {
		limit = min(limit, time.Until(at)/4)
	}
	return context.WithTimeoutCause(ctx, limit, &LateError{limit})
}

// lookUp asks the resolver for the addresses of a name, and returns at least one that may
// be dialed.
func (r *Resolver) lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	ips, err := r.Net.LookupNetIP(ctx, "ip", host)
	if err != nil {
		if why := Reason(ctx, nil); why != nil {
			err = &LookupError{Cause: why, Err: err}
		}
		return nil, err
	}
	if len(ips) == 0 {
		return nil, &net.DNSError{Err: "it has no address", Name: host, IsNotFound: true}
	}
	return dialable(host, ips)
}

// LookupError is the end of a lookup that was given up, and the resolver's error.
type LookupError struct{ Cause, Err error }

func (e *LookupError) Error() string {
	text := contain.Text(e.Cause) + " to the lookup of its name"
	if dns, ok := errors.AsType[*net.DNSError](e.Err); ok && dns.Server != "" {
		text += " on " + printable.Name(dns.Server)
	}
	return text
}

// Unwrap gives both errors.
func (e *LookupError) Unwrap() []error { return []error{e.Cause, e.Err} }

// hostName cuts an address into host and port and reports whether the host is a name.
func hostName(addr string) (host, port string, named bool) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" {
		return "", "", false
	}
	_, err = netip.ParseAddr(host)
	return host, port, err != nil
}

// alternate takes addresses in the order of preference, each once, and alternates the
// families: https://www.rfc-editor.org/rfc/rfc8305#section-4. A family that does not work
// then costs one attempt.
func alternate(ips []netip.Addr) []netip.Addr {
	var families [2][]netip.Addr // that of the first address, the other one
	for _, ip := range ips {
		ip = ip.Unmap()
		other := 0
		if ip.Is4() != ips[0].Unmap().Is4() {
			other = 1
		}
		if !slices.Contains(families[other], ip) {
			families[other] = append(families[other], ip)
		}
	}
	var mixed []netip.Addr
	for i := range max(len(families[0]), len(families[1])) {
		for _, f := range families {
			if i < len(f) {
				mixed = append(mixed, f[i])
			}
		}
	}
	return mixed
}
