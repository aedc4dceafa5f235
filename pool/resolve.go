package pool

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
)

// maxRoutes bounds the addresses of one name that a dial uses.
const maxRoutes = 16

// resolve answers what to dial for addr, as host:port, never nothing: the
// addresses of its name, in the order to try them, or addr itself where no name
// is to be resolved here. The error is a *net.DNSError, behind the end of ctx if
// that came first.
func (p *Pool) resolve(ctx context.Context, addr string) ([]string, error) {
	host, port, named := aName(addr)
	if p.resolver == nil || !named {
		return []string{addr}, nil // for the dialer to judge
	}
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
	var routes []string
	for _, ip := range alternate(ips) {
		routes = append(routes, net.JoinHostPort(ip.String(), port))
	}
	return routes[:min(len(routes), maxRoutes)], nil
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
