package dns

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/internal/ipcheck"
)

// Bounds of one Lookup.
const (
	maxServers = 256 // addresses given; SRV records taken of one name
	atOnce     = 16  // questions under way
)

// lookup is one call of Discoverer.Lookup.
type lookup struct {
	asker asker
	slots chan struct{}
}

// host resolves a name with addresses.
func (l lookup) host(ctx context.Context, q question) (found []Found, failed []*LookupError) {
	ips, failed := l.addresses(ctx, subject{name: q.name, host: q.host, kind: typeAddress})
	for _, ip := range ips {
		found = append(found, Found{Addr: netip.AddrPortFrom(ip, q.port).String(), Name: q.name})
	}
	return found, failed
}

// service resolves a name with SRV records.
func (l lookup) service(ctx context.Context, q question) (found []Found, failed []*LookupError) {
	s := subject{name: q.name, host: q.host, kind: typeService}
	records, failed := ask(ctx, l, s, func(ctx context.Context, r *net.Resolver) ([]*net.SRV, error) {
		_, records, err := r.LookupSRV(ctx, "", "", q.host) // comes in the order to try them in
		return records, err
	})
	if len(records) == 0 {
		return nil, failed
	}
	reason := ErrNotOffered
	targets := map[string]*target{}
	var wanted []*target
	for _, r := range records {
		switch {
		case r.Target == ".":
		case r.Port == 0:
			reason = ErrUnusable
		case targets[strings.ToLower(r.Target)] == nil:
			t := &target{host: r.Target}
			targets[strings.ToLower(r.Target)] = t
			wanted = append(wanted, t)
		}
	}
	l.resolve(ctx, q, wanted)
	if len(targets) == 0 {
		return nil, append(failed, s.failed("", reason, nil))
	}
	for _, r := range records {
		t := targets[strings.ToLower(r.Target)]
		if t == nil || r.Port == 0 {
			continue
		}
		for _, ip := range t.ips {
			found = append(found, Found{Addr: net.JoinHostPort(ip.String(), strconv.Itoa(int(r.Port))), Name: q.name, Target: r.Target})
		}
		failed, t.failed = append(failed, t.failed...), nil // once, however many records lead there
	}
	return found, failed
}

// target has the addresses of a target of SRV records.
type target struct {
	host   string
	ips    []netip.Addr
	failed []*LookupError
}

// resolve asks for the addresses of targets, with no more goroutines than questions may be
// under way.
func (l lookup) resolve(ctx context.Context, q question, wanted []*target) {
	var running sync.WaitGroup
	var next atomic.Int64
	for range min(len(wanted), atOnce) {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(wanted); i = int(next.Add(1)) - 1 {
				t := wanted[i]
				t.ips, t.failed = l.addresses(ctx, subject{name: q.name, host: t.host, kind: typeAddress, target: t.host})
			}
		})
	}
	running.Wait()
}

// addresses returns the addresses of a host that can be dialed, each once, in random
// order. They may be kept ones: then there are failures, too.
func (l lookup) addresses(ctx context.Context, s subject) ([]netip.Addr, []*LookupError) {
	texts, failed := ask(ctx, l, s, func(ctx context.Context, r *net.Resolver) ([]string, error) {
		return r.LookupHost(ctx, s.host) // returns only when all its goroutines have ended
	})
	if len(texts) == 0 {
		return nil, failed
	}
	ips := usable(texts)
	if len(ips) == 0 {
		return nil, append(failed, s.failed("", ErrUnusable, nil))
	}
	rand.Shuffle(len(ips), func(i, j int) { ips[i], ips[j] = ips[j], ips[i] })
	return ips, failed
}

// usable returns the addresses that can be dialed, each once, without those at which clouds
// serve metadata: no resolver is to lead anybody there.
func usable(texts []string) (ips []netip.Addr) {
	known := map[netip.Addr]bool{}
	for _, text := range texts {
		ip, err := netip.ParseAddr(text)
		if ip = ip.Unmap(); err == nil && ipcheck.Unusable(ip) == "" && !ipcheck.Metadata(ip) && !known[ip] {
			known[ip] = true
			ips = append(ips, ip)
		}
	}
	return ips
}
