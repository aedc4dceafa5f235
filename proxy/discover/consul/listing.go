package consul

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"net"
	"slices"
	"strconv"

	"github.com/hashicorp/consul/api"

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

// state is the worst state of the checks of an instance and of its node.
type state uint8

const (
	passing state = iota // or there are none, or they are not known
	warning
	critical // or in maintenance
	states   // how many there are
)

// instance is one entry of a datacenter. The zero value is one that is null.
type instance struct {
	listed bool
	node   string
	hosts  [2]string // the service's own, its node's
	port   int
	state  state
}

// checked is an entry with its checks.
func checked(e *api.ServiceEntry) instance {
	if e == nil || e.Node == nil || e.Service == nil {
		return instance{}
	}
	i := instance{listed: true, node: e.Node.Node, hosts: [2]string{e.Service.Address, e.Node.Address}, port: e.Service.Port}
	checks := slices.DeleteFunc(e.Checks, func(c *api.HealthCheck) bool { return c == nil })
	switch checks.AggregatedStatus() {
	case api.HealthPassing:
	case api.HealthWarning:
		i.state = warning
	default:
		i.state = critical
	}
	return i
}

// listed is an entry of the catalogue, without checks.
func listed(e *api.CatalogService) instance {
	if e == nil {
		return instance{}
	}
	return instance{listed: true, node: e.Node, hosts: [2]string{e.ServiceAddress, e.Address}, port: e.ServicePort}
}

// list keeps the order of the entries, except that those in a worse state come later: a
// check may be wrong, so they are the last resort. An entry that cannot be dialed is left
// out, because the proxy takes either all addresses of a list or none.
func list(entries iter.Seq[instance]) (l listing) {
	seen := map[string]bool{}
	for s := range states {
		if s == critical {
			l.healthy = len(l.addrs)
		}
		for e := range entries {
			if e.state != s || len(l.addrs) == maxServers {
				continue
			}
			addr, err := e.address()
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

// address is the service's own address if it has one, otherwise its node's.
func (e instance) address() (string, error) {
	if !e.listed {
		return "", errors.New("it is null")
	}
	host := cmp.Or(e.hosts[0], e.hosts[1])
	if host == "" {
		return "", fmt.Errorf("node %s and its service have no address", quote(e.node))
	}
	s, err := messages.ParseServer(net.JoinHostPort(host, strconv.Itoa(e.port)))
	if err != nil {
		return "", fmt.Errorf("node %s: %w", quote(e.node), err)
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
