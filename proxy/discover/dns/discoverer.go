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

	"github.com/rs/zerolog"
)

// Bounds of one Lookup.
const (
	maxServers = 256 // addresses given; SRV records taken of one name
	atOnce     = 16  // questions under way
)

// Discoverer finds servers by DNS. It holds no connection and need not be
// stopped. Its methods may be used by any number of goroutines.
type Discoverer struct {
	questions []question
	asker     asker
	log       zerolog.Logger
}

// Found is one server.
type Found struct {
	Addr   string // host:port; the host is an IP address, IPv6 in brackets
	Name   string // as configured, the first that led here
	Target string // of the SRV record; empty if Name has the address itself
}

// New makes a Discoverer. It asks nobody yet. The error is a *ConfigError.
func New(cfg Config) (*Discoverer, error) {
	questions, resolvers, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	return &Discoverer{
		questions: questions, log: cfg.Logger,
		asker: asker{resolvers: resolvers, timeout: cfg.Timeout, attempts: cfg.Attempts, good: new(atomic.Uint32)},
	}, nil
}

// Source is "dns".
func (d *Discoverer) Source() string { return "dns" }

// Discover answers the addresses of the servers that the names lead to, as
// host:port with IP addresses. It blocks no longer than ctx, and gives what was
// found until then. Without any the error is a *NoServersError.
func (d *Discoverer) Discover(ctx context.Context) ([]string, error) {
	found, failed := d.Lookup(ctx)
	if len(found) == 0 {
		return nil, &NoServersError{Lookups: failed}
	}
	for _, f := range failed {
		d.log.Warn().Str("name", f.Name).Err(f).Msg("a name led to no server")
	}
	addrs := make([]string, len(found))
	for i, f := range found {
		addrs[i] = f.Addr
	}
	return addrs, nil
}

// Lookup is Discover that tells where each server is from, and which questions
// led nowhere. If it finds none, at least one did. It blocks no longer than ctx.
func (d *Discoverer) Lookup(ctx context.Context) ([]Found, []*LookupError) {
	l := lookup{asker: d.asker, slots: make(chan struct{}, atOnce)}
	led := make([][]Found, len(d.questions))
	lost := make([][]*LookupError, len(d.questions))
	var names sync.WaitGroup
	for i, q := range d.questions {
		names.Go(func() {
			if q.srv {
				led[i], lost[i] = l.service(ctx, q)
			} else {
				led[i], lost[i] = l.host(ctx, q)
			}
		})
	}
	names.Wait()
	var found []Found
	var failed []*LookupError
	known := map[string]bool{}
	for i := range d.questions {
		failed = append(failed, lost[i]...)
		for _, f := range led[i] {
			if !known[f.Addr] && len(found) < maxServers {
				known[f.Addr] = true
				found = append(found, f)
			}
		}
	}
	return found, failed
}

// lookup is one Lookup.
type lookup struct {
	asker asker
	slots chan struct{}
}

// host follows a name with addresses.
func (l lookup) host(ctx context.Context, q question) (found []Found, failed []*LookupError) {
	ips, failed := l.addresses(ctx, subject{name: q.name, host: q.host, kind: typeAddress})
	for _, ip := range ips {
		found = append(found, Found{Addr: netip.AddrPortFrom(ip, q.port).String(), Name: q.name})
	}
	return found, failed
}

// service follows a name with SRV records.
func (l lookup) service(ctx context.Context, q question) (found []Found, failed []*LookupError) {
	s := subject{name: q.name, host: q.host, kind: typeService}
	records, failed := ask(ctx, l, s, func(ctx context.Context, r *net.Resolver) ([]*net.SRV, error) {
		_, records, err := r.LookupSRV(ctx, "", "", q.host) // comes in the order to try them in
		return records, err
	})
	if len(failed) > 0 {
		return nil, failed
	}
	records = records[:min(len(records), maxServers)]
	reason := ErrNotOffered
	targets := map[string]*target{}
	var running sync.WaitGroup
	for _, r := range records {
		switch {
		case r.Target == ".":
		case r.Port == 0:
			reason = ErrUnusable
		case targets[strings.ToLower(r.Target)] == nil:
			t := &target{}
			targets[strings.ToLower(r.Target)] = t
			running.Go(func() {
				t.ips, t.failed = l.addresses(ctx, subject{name: q.name, host: r.Target, kind: typeAddress, target: r.Target})
			})
		}
	}
	running.Wait()
	if len(targets) == 0 {
		return nil, []*LookupError{s.failed("", reason, nil)}
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

// target is what the target of SRV records turned out to be.
type target struct {
	ips    []netip.Addr
	failed []*LookupError
}

// addresses are those of a host that can be dialed, each once, in random order.
// One of the two results is empty.
func (l lookup) addresses(ctx context.Context, s subject) ([]netip.Addr, []*LookupError) {
	texts, failed := ask(ctx, l, s, func(ctx context.Context, r *net.Resolver) ([]string, error) {
		return r.LookupHost(ctx, s.host) // returns only when nothing of it is left
	})
	if len(failed) > 0 {
		return nil, failed
	}
	ips := usable(texts)
	if len(ips) == 0 {
		return nil, []*LookupError{s.failed("", ErrUnusable, nil)}
	}
	rand.Shuffle(len(ips), func(i, j int) { ips[i], ips[j] = ips[j], ips[i] })
	return ips, nil
}

// usable are the addresses that can be dialed, each once.
func usable(texts []string) (ips []netip.Addr) {
	known := map[netip.Addr]bool{}
	for _, text := range texts {
		ip, err := netip.ParseAddr(text)
		if ip = ip.Unmap(); err == nil && !ip.IsUnspecified() && !ip.IsMulticast() && !known[ip] {
			known[ip] = true
			ips = append(ips, ip)
		}
	}
	return ips
}
