package consul

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/ipcheck"
	"github.com/open-nomad/rpcproxy/messages"
)

// maxServers bounds the servers of one datacenter: the healthiest, and of these the nearest,
// come first.
const maxServers = 256

// listing has the servers of a datacenter.
type listing struct {
	addrs   []string // host:port in one spelling, each once
	skipped int      // entries that cannot be dialed
	reason  string   // of the first of them
	healthy int      // addrs[healthy:] are of instances whose checks are critical
}

// list keeps the order of the entries, except that those in a worse state come later: a
// check may be wrong, so they are the last resort. An entry that cannot be dialed is left
// out, because the proxy takes either all addresses of a list or none.
func list(found *entries, tag string) (l listing) {
	if l.skipped = found.malformed; l.skipped > 0 {
		l.reason = found.shape()
	}
	seen := map[string]bool{}
	for s := range states {
		if s == critical {
			l.healthy = len(l.addrs)
		}
		for _, e := range found.usable {
			if e.state != s || len(l.addrs) == maxServers {
				continue
			}
			addr, err := e.address(tag)
			if err != nil {
				if l.skipped++; l.reason == "" {
					l.reason = err.Error()
				}
				continue
			}
			if key := (messages.Server{Addr: addr}).Key(); !seen[key] {
				seen[key] = true
				l.addrs = append(l.addrs, addr)
			}
		}
	}
	return l
}

// address is the service's own address if it has one, otherwise its node's, as for Consul.
// That no address, or every address of the node, is the service's own is the same to it.
func (e instance) address(tag string) (string, error) {
	if !e.listed {
		return "", errors.New("it is null")
	}
	if len(e.tags) > 0 && !slices.ContainsFunc(e.tags, func(t string) bool { return strings.EqualFold(t, tag) }) {
		return "", fmt.Errorf("node %s: the service has not the tag %s", quote(e.node), quote(tag))
	}
	host := ""
	for _, h := range e.hosts {
		if inner, open := strings.CutPrefix(h, "["); open && strings.HasSuffix(inner, "]") {
			h = strings.TrimSuffix(inner, "]")
		}
		if ip, err := netip.ParseAddr(h); h != "" && (err != nil || !ip.Unmap().IsUnspecified()) {
			host = h
			break
		}
	}
	switch {
	case host == "":
		return "", fmt.Errorf("node %s and its service have no address", quote(e.node))
	case e.port == 0:
		return "", fmt.Errorf("node %s: the service has no port", quote(e.node))
	}
	s, err := messages.ParseServer(net.JoinHostPort(host, strconv.Itoa(e.port)))
	if err != nil {
		return "", fmt.Errorf("node %s: %w", quote(e.node), err)
	}
	if ipcheck.MetadataHost(s.Addr) {
		return "", fmt.Errorf("node %s has %s, where clouds serve the metadata of their machines", quote(e.node), s.Addr)
	}
	return s.Addr, nil
}

// err is why the listing is empty. Without a token ACLs may hide services, and the answer
// does not tell.
func (l listing) err(token string) error {
	switch {
	case l.skipped > 0:
		return fmt.Errorf("%w: %d skipped, the first because %s", ErrUnusable, l.skipped, l.reason)
	case token == "":
		return fmt.Errorf("%w, or none that can be seen without a token", ErrNoServers)
	}
	return ErrNoServers
}
