package pool

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"
)

// maxRoutes bounds the addresses of one name that a dial uses.
const maxRoutes = 16

// routes are what to dial for a server.
type routes struct {
	each []string // as host:port, in the order to try them; never none
	err  error    // of the lookup, which failed: they are the last known ones; nil: it did not
}

// resolve answers what to dial for addr: the addresses of its name, or addr itself
// where no name is to be resolved here. A resolver that fails, or is slow, costs
// nothing but a moment where the name was resolved before. The error is a
// *net.DNSError, behind the end of ctx if that came first.
func (p *Pool) resolve(ctx context.Context, addr string) (routes, error) {
	host, port, named := aName(addr)
	if p.resolver == nil || !named {
		return routes{each: []string{addr}}, nil // for the dialer to judge
	}
	known := p.names.find(addr)
	asking, stop := known.patience(ctx)
	defer stop()
	r, now := routes{}, time.Now()
	ips, err := p.lookUp(asking, host)
	gone := false
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		gone = dns.IsNotFound
	}
	switch {
	case err == nil:
		known = p.names.learn(addr, ips, now)
	case ctx.Err() == nil && known.usable(now, gone):
		ips, r.err = slices.Clone(known.ips), err
	default:
		return r, err
	}
	for _, ip := range known.order(ips, now) {
		r.each = append(r.each, net.JoinHostPort(ip.String(), port))
	}
	r.each = r.each[:min(len(r.each), maxRoutes)]
	return r, nil
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
	return context.WithTimeoutCause(ctx, limit, errNoAnswer(limit))
}

// lookUp asks the resolver for the addresses of a name, of which it answers one at
// least.
func (p *Pool) lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	ips, err := p.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		if why := expired(ctx, nil); why != nil {
			err = &lookupError{why: why, err: err}
		}
		return nil, err
	}
	if len(ips) == 0 {
		return nil, &net.DNSError{Err: "it has no address", Name: host, IsNotFound: true}
	}
	return ips, nil
}

// outdatedError says that a name could not be resolved, and that the server was not
// reached at the addresses that the name had before either.
type outdatedError struct{ lookup, dial error }

func (e *outdatedError) Error() string { return e.text(said{}) }

func (e *outdatedError) text(s said) string {
	return s.text(e.lookup) + "; and where the name led before: " + s.text(e.dial)
}

func (e *outdatedError) Unwrap() []error { return []error{e.lookup, e.dial} }

// explain adds to the error of a dial that the name could not be resolved.
func (r routes) explain(err error) error {
	d, ok := err.(*DialError) //nolint:errorlint // setUp and beaten give it bare
	if r.err == nil || !ok {
		return err
	}
	return &DialError{Addr: d.Addr, Phase: d.Phase, Err: &outdatedError{lookup: r.err, dial: d.Err}}
}

// lookupError is the end of a lookup that was given up, and its symptom.
type lookupError struct{ why, err error }

func (e *lookupError) Error() string {
	text := e.why.Error() + " to the lookup of its name"
	if dns, ok := errors.AsType[*net.DNSError](e.err); ok && dns.Server != "" {
		text += " on " + dns.Server
	}
	return text
}

func (e *lookupError) Unwrap() []error { return []error{e.why, e.err} }

// aName cuts an address into host and port and says whether the host is a name.
func aName(addr string) (host, port string, named bool) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" {
		return "", "", false
	}
	_, err = netip.ParseAddr(host)
	return host, port, err != nil
}

// alternate takes addresses in the order of preference, each once, and has the
// families take turns: https://www.rfc-editor.org/rfc/rfc8305#section-4. One
// that does not work then costs one attempt.
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
	var turns []netip.Addr
	for i := range max(len(families[0]), len(families[1])) {
		for _, f := range families {
			if i < len(f) {
				turns = append(turns, f[i])
			}
		}
	}
	return turns
}
