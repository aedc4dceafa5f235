package pool

import (
	"context"
	"maps"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/pool/internal/core"
)

// Connect makes sure of a session to the server at addr, and blocks until there is one
// or ctx ends; a dial that is under way goes on then. A session that came up for nobody but Connect, and
// that no call has used, ends after 5 s, unless its server is retained. The errors are a
// *DialError, ctx.Err and ErrStopped.
func (p *Pool) Connect(ctx context.Context, addr string) error {
	if p.Connected(addr) {
		return nil
	}
	return p.await(ctx, core.Connect{Addr: addr, Spare: true})
}

// Connected reports whether there is a session to the server at addr that takes calls.
// It neither blocks nor allocates.
func (p *Pool) Connected(addr string) bool {
	s := (*p.table.Load())[addr]
	return s != nil && !s.over() && !s.leaving()
}

// Reached reports whether a dial to addr is under way whose connection was accepted: a
// host is there, and its server has not answered yet. It neither blocks nor allocates.
func (p *Pool) Reached(addr string) bool { return p.reaching.has(addr) }

// reaching counts the dials under way that have a connection, by address. The map is
// copied to be changed.
type reaching struct {
	by atomic.Pointer[map[string]int]
}

func (r *reaching) has(addr string) bool {
	by := r.by.Load()
	return by != nil && (*by)[addr] > 0
}

// add counts n more.
func (r *reaching) add(addr string, n int) {
	for {
		old := r.by.Load()
		next := make(map[string]int)
		if old != nil {
			maps.Copy(next, *old)
		}
		if next[addr] += n; next[addr] <= 0 {
			delete(next, addr)
		}
		if r.by.CompareAndSwap(old, &next) {
			return
		}
	}
}
