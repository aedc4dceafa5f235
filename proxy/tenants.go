package proxy

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// tenants are the pools of a Proxy's Tenants that are not stopped. The list is replaced, never
// changed.
type tenants struct {
	list     atomic.Pointer[[]*ownPool]       // nil: the Proxy has been stopped, or has no pool
	settings atomic.Pointer[attempt.Settings] // what the owner has told all pools; nil: nothing yet
}

func (s *tenants) all() []*ownPool {
	if list := s.list.Load(); list != nil {
		return *list
	}
	return nil
}

// add reports false if the Proxy has been stopped.
func (s *tenants) add(p *ownPool) bool {
	for {
		old := s.list.Load()
		if old == nil {
			return false
		}
		next := append(slices.Clone(*old), p)
		if s.list.CompareAndSwap(old, &next) {
			return true
		}
	}
}

func (s *tenants) remove(p *ownPool) {
	for {
		old := s.list.Load()
		if old == nil {
			return
		}
		next := slices.DeleteFunc(slices.Clone(*old), func(other *ownPool) bool { return other == p })
		if s.list.CompareAndSwap(old, &next) {
			return
		}
	}
}

// stop stops all, and admits no further one. The error is ctx.Err.
func (s *tenants) stop(ctx context.Context) error {
	list := s.list.Swap(nil)
	if list == nil {
		return nil
	}
	var err error
	for _, p := range *list {
		err = cmp.Or(p.Stop(ctx), err)
	}
	return err
}

// tune gives a pool the settings and the credentials that the others have. It is called behind
// add: what the owner sets from then on it tells the pool itself.
func (s *tenants) tune(p *ownPool) {
	_ = p.Adopt(context.Background()) // fails only when it is stopped, as all that follow
	var given *attempt.Settings
	for set := s.settings.Load(); set != given; set = s.settings.Load() {
		give(p, *set, attempt.Settings{})
		given = set
	}
}

// secured is called when other credentials are in force in the Proxy's own pool.
func (s *tenants) secured() {
	for _, p := range s.all() {
		_ = p.Adopt(context.Background()) // fails only when it is stopped
	}
}
