package proxy

import (
	"context"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// ownPool is the proxy's own pool, with the methods that only the proxy needs.
type ownPool struct {
	*pool.Pool
	poolhooks.Control
}

// newOwnPool makes one. The errors are those of pool.New.
func newOwnPool(cfg pool.Config, hooks poolhooks.Hooks) (*ownPool, error) {
	open := poolhooks.Open.(func(pool.Config, poolhooks.Hooks) (*pool.Pool, poolhooks.Control, error))
	p, control, err := open(cfg, hooks)
	if err != nil {
		return nil, err
	}
	return &ownPool{p, control}, nil
}

// give tells a pool what differs from the settings that it had.
func give(to *ownPool, s, last attempt.Settings) {
	ctx := context.Background() // the messages fail only once the pool has ended
	if s.Retained != last.Retained {
		_ = to.Retain(ctx, s.Retained)
	}
	if s.Keepalive != last.Keepalive {
		_ = to.Keepalive(ctx, s.Keepalive)
	}
	if s.Spread != last.Spread || s.Servers != last.Servers {
		_ = to.DialSpread(ctx, s.Spread, s.Servers)
	}
	if s.Lease != last.Lease {
		_ = to.HeartbeatTTL(ctx, s.Lease)
	}
}
