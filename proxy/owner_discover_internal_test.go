package proxy

import (
	"context"
	"fmt"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
)

// flood is a discoverer that finds very many addresses; finder is one with their sources.
type (
	flood  int
	finder int
)

func (n flood) Discover(context.Context) ([]string, error) {
	addrs := make([]string, n)
	for i := range addrs {
		addrs[i] = fmt.Sprint("h", i)
	}
	return addrs, nil
}

func (n finder) Discover(ctx context.Context) ([]string, error) { return flood(n).Discover(ctx) }

func (n finder) Find(context.Context) ([]messages.Found, error) {
	found := make([]messages.Found, n)
	for i := range found {
		found[i].Addr = fmt.Sprint("h", i)
	}
	return found, nil
}

func TestOfAFloodOfDiscoveredServersTheFirstAreKept(t *testing.T) {
	for _, n := range []int{0, 3, maxFound, 1_000_000} {
		for _, d := range []Discoverer{flood(n), finder(n)} {
			found, err := find(t.Context(), d, nil)
			if err != nil || len(found) != min(n, maxFound) || cap(found) > 2*maxFound {
				t.Errorf("%T: %d of %d, room for %d, %v", d, len(found), n, cap(found), err)
			}
			if len(found) > 0 && found[len(found)-1].Addr != fmt.Sprint("h", len(found)-1) {
				t.Errorf("%T: %v is the last one", d, found[len(found)-1])
			}
		}
	}
}
