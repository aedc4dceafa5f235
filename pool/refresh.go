package pool

import (
	"github.com/open-nomad/rpcproxy/pool/internal/core"
)

// avoid has the next dial begin with another address of the name than a session has.
func (o *owner) avoid(session uint64) {
	if s := o.live[session]; s != nil {
		o.pool.resolver.Failed(s.addr, s.route)
	}
}

// spent has the dial in place of a session that broke begin with another address of the
// name, also if a call tells of it before the session's keeper does.
func (o *owner) spent(session uint64) {
	if s := o.live[session]; s != nil && s.over() {
		s.failRoute(s.cause())
	}
}

// failRoute takes note, once, that the address of a session which has ended failed.
func (s *session) failRoute(why error) {
	if !core.LetGo(why) && s.routeFailed.CompareAndSwap(false, true) {
		s.pool.resolver.Failed(s.addr, s.route)
	}
}
