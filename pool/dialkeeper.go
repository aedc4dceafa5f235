package pool

import (
	"context"
	"errors"

	"github.com/open-nomad/rpcproxy/messages"
)

// errAbandoned is why a dial ended for which nobody waits.
var errAbandoned = errors.New("dial was given up, for nobody waits for it")

// dial has a goroutine dial and keep the session. The dial can be abandoned.
func (o *owner) dial(d dial) {
	dialing, abandon := context.WithCancelCause(context.Background())
	o.dialing[d.session] = abandon
	prove := o.proofs[d.session]
	delete(o.proofs, d.session)
	o.self.Go(func(ctx context.Context) {
		defer abandon(nil)
		defer context.AfterFunc(ctx, func() { abandon(ErrStopped) })()
		o.connect(ctx, dialing, d, prove)
	})
}

// overdue tells the core of a dial that is late. It waits for room in the mailbox, but not
// beyond the dial's end.
func (o *owner) overdue(ctx context.Context, d dial, at Phase) {
	err := &DialError{Addr: d.addr, Phase: at, Err: errNoAnswer(o.pool.cfg.DialTimeout)}
	_ = o.tell(ctx, mail{Pool: messages.DialLate{Addr: d.addr, Session: d.session, Err: err}})
}

// landed counts a dial that has ended.
func (o *owner) landed(m messages.Dialed) {
	if m.Err != nil && !o.core.isLate(m.Session) && !errors.Is(m.Err, errAbandoned) {
		o.pool.counts.dialFailures.Add(1)
	}
	delete(o.dialing, m.Session)
}

// late counts a dial that takes longer than callers wait as one that failed, and tells of
// it. Its end is not counted or told any more.
func (o *owner) late(m messages.DialLate) {
	if d := o.core.slots.running[m.Session]; d == nil || d.late {
		return
	}
	o.pool.counts.dialFailures.Add(1)
	if o.core.current(m.Addr, m.Session) {
		o.down(m.Addr, m.Err)
	}
}
