package discover_test

import (
	"context"
	"fmt"

	"github.com/open-nomad/rpcproxy/proxy/discover"
)

// registry stands for a discoverer that asks somebody.
type registry struct{}

func (registry) Discover(context.Context) ([]string, error) {
	return []string{"10.0.0.1:4647", "10.0.0.7:4647"}, nil
}

func (registry) Source() string { return "registry" }

func Example() {
	chain, err := discover.NewChain(
		discover.Link{From: discover.Static{"10.0.0.1:4647"}},
		discover.Link{From: registry{}},
	)
	if err != nil {
		panic(err)
	}
	found, err := chain.Find(context.Background())
	for _, f := range found {
		fmt.Println(f.Addr, f.Source)
	}
	fmt.Println(err)
	// Output:
	// 10.0.0.1:4647 static
	// 10.0.0.7:4647 registry
	// <nil>
}
