package pool

import (
	"context"
	"errors"

	"github.com/open-nomad/rpcproxy/pool/internal/core"
	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
)

// errAbandoned is why a dial ended for which nobody waits.
var errAbandoned = errors.New("dial was given up, for nobody waits for it")

// dial has a goroutine dial and keep the session. The dial can be abandoned.
func (o *owner) dial(d core.Dial) {
	dialing, abandon := context.WithCancelCause(context.Background())
	o.dialing[d.Session] = abandon
	o.self.Go(func(ctx context.Context) {
		defer abandon(nil)
		defer context.AfterFunc(ctx, func() { abandon(ErrStopped) })()
		o.connect(ctx, dialing, d)
	})
}

// overdue tells the core of a dial that is late. It waits for room in the mailbox, but not
// beyond the dial's end.
func (o *owner) overdue(ctx context.Context, d core.Dial, connected bool) {
	at := PhaseDial
	if connected {
		at = PhaseHandshake
	}
	err := &DialError{Addr: d.Addr, Phase: at, Err: &dialing.LateError{Limit: o.pool.cfg.DialTimeout}}
	_ = o.tell(ctx, mail{Message: core.DialLate{Addr: d.Addr, Session: d.Session, Err: err}})
}

// dialFailed counts a dial that failed or is late, once, and tells the pool's user of a
// server that is judged by it.
func (o *owner) dialFailed(e core.DialFailed) {
	if !e.Again && !errors.Is(e.Err, errAbandoned) {
		o.pool.counts.dialFailures.Add(1)
	}
	if e.Current {
		o.down(e.Addr, e.Err)
	}
}
