package discover_test

import (
	"context"
	"fmt"

	"github.com/open-nomad/rpcproxy/proxy/discover"
)

// inventory stands for a discoverer that asks somebody.
type inventory struct{}

func (inventory) Discover(context.Context) ([]string, error) {
	return []string{"10.0.0.1:4647", "10.0.0.7:4647"}, nil
}

func (inventory) Source() string { return "inventory" }

func Example() {
	chain, err := discover.NewChain(
		discover.Link{From: discover.Static{"10.0.0.1:4647"}},
		discover.Link{From: inventory{}},
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
	// 10.0.0.7:4647 inventory
	// <nil>
}
