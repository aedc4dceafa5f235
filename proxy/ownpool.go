package proxy

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
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

// poolSettings are the owner's last messages to its pools.
type poolSettings struct {
	retained  string        // the server whose session a pool keeps
	keepalive time.Duration // how long a session may be silent before it is pinged
	spread    time.Duration // of dials
	lease     time.Duration // for how long heartbeats hold
}

// give tells a pool what differs from the settings that it had.
func (s *poolSettings) give(to *ownPool, last poolSettings) {
	ctx := context.Background() // the messages fail only once the pool has ended
	if s.retained != last.retained {
		_ = to.Retain(ctx, s.retained)
	}
	if s.keepalive != last.keepalive {
		_ = to.Keepalive(ctx, s.keepalive)
	}
	if s.spread != last.spread {
		_ = to.DialSpread(ctx, s.spread)
	}
	if s.lease != last.lease {
		_ = to.HeartbeatTTL(ctx, s.lease)
	}
}
