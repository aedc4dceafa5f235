package daemon

import (
	"errors"
	"maps"
	"net"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/proxy/sidecar/admit"
)

// refusals are the kinds of refusals that are in the log already.
type refusals struct {
	seen atomic.Pointer[map[string]bool] // not changed once it is published
}

// maxRefusals bounds them: users of a machine, and a few kinds more.
const maxRefusals = 1024

func newRefusals() *refusals {
	r := &refusals{}
	r.forget()
	return r
}

// forget has every kind logged once more.
func (r *refusals) forget() { r.seen.Store(&map[string]bool{}) }

// first reports whether a kind is not in the log yet, to one caller.
func (r *refusals) first(key string) bool {
	for {
		seen := r.seen.Load()
		if (*seen)[key] || len(*seen) >= maxRefusals {
			return false
		}
		grown := maps.Clone(*seen)
		grown[key] = true
		if r.seen.CompareAndSwap(seen, &grown) {
			return true
		}
	}
}

// admit asks who connects. It is called by several goroutines.
func (d *daemon) admit(conn net.Conn) error {
	err := d.gate.Admit(conn)
	if refused, ok := errors.AsType[*admit.RefusedError](err); ok && d.seen.first(refused.Key()) {
		d.log.Warn().Err(err).Msg("a connection was refused; more of this kind are only counted")
	}
	return err
}
