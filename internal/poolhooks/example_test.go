package poolhooks_test

import (
	"context"
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Package proxy opens its own pool with hooks.
func Example() {
	open := poolhooks.Open.(func(pool.Config, poolhooks.Hooks) (*pool.Pool, poolhooks.Control, error))
	p, control, err := open(pool.Config{}, poolhooks.Hooks{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(control.Connected("10.0.0.1:4647"))
	_ = p.Stop(context.Background())
	// Output: false
}
