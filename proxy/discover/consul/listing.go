package consul

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/hashicorp/consul/api"

	"github.com/open-nomad/rpcproxy/messages"
)

// maxServers bounds what is taken of one datacenter: the nearest ones, for they
// come first.
const maxServers = 256

// listing is what a datacenter lists.
type listing struct {
	addrs   []string // host:port in one spelling, each once
	skipped int      // entries that cannot be dialed
	why     string   // what is wrong with the first of them
}

// list keeps the order of the entries. One that cannot be dialed must not spoil
// the others: who takes addresses takes all of them or none.
func list(entries []*api.CatalogService) (l listing) {
	seen := map[string]bool{}
	for _, e := range entries {
		if len(l.addrs) == maxServers {
			break
		}
		addr, err := address(e)
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
	return l
}

// address is where an entry can be dialed: the service's own address if it has
// one, and else its node's.
func address(e *api.CatalogService) (string, error) {
	if e == nil {
		return "", errors.New("it is null")
	}
	host := e.ServiceAddress
	if host == "" {
		host = e.Address
	}
	if host == "" {
		return "", fmt.Errorf("node %s and its service have no address", quote(e.Node))
	}
	s, err := messages.ParseServer(net.JoinHostPort(host, strconv.Itoa(e.ServicePort)))
	if err != nil {
		return "", fmt.Errorf("node %s: %w", quote(e.Node), err)
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
