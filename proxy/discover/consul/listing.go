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

// maxServers bounds what is taken of one datacenter: of the healthiest the nearest
// ones, for they come first.
const maxServers = 256

// listing is what a datacenter lists.
type listing struct {
	addrs   []string // host:port in one spelling, each once
	skipped int      // entries that cannot be dialed
	why     string   // what is wrong with the first of them
	healthy int      // addrs[healthy:] are of instances whose checks are critical
}

// state is what the checks of an instance, and of its node, say.
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

// listed is an entry of the catalogue.
func listed(e *api.CatalogService) instance {
	if e == nil {
		return instance{}
	}
	return instance{listed: true, node: e.Node, hosts: [2]string{e.ServiceAddress, e.Address}, port: e.ServicePort}
}

// list keeps the order of the entries, but that those whose checks are in a worse state
// come later: a check may be wrong, so they are the last resort. One that cannot be
// dialed must not spoil the others: who takes addresses takes all of them or none.
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
				if l.skipped++; l.why == "" {
					l.why = err.Error()
				}
				continue
			}
			if !seen[addr] {
				seen[addr] = true
				l.addrs = append(l.addrs, addr)
			}
		}
	}
	return l
}

// address is where an entry can be dialed: the service's own address if it has
// one, and else its node's.
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

// err is why nothing is listed. Without a token ACLs hide what they do not let
// see, and do not say so.
func (l listing) err(token string) error {
	switch {
	case l.skipped > 0:
		return fmt.Errorf("%w: %d skipped, the first because %s", ErrUnusable, l.skipped, l.why)
	case token == "":
		return fmt.Errorf("%w, or none that can be seen without a token", ErrNoServers)
	}
	return ErrNoServers
}
