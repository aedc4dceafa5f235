package pool

import (
	"context"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// watch looks after the files of the credentials in force, in place of those it
// looked after before.
func (o *owner) watch() {
	if o.unwatch != nil {
		close(o.unwatch)
		o.unwatch = nil
	}
	inForce := o.pool.creds.Load()
	if inForce == nil || inForce.from.Watch == 0 {
		return
	}
	ended := make(chan struct{})
	o.unwatch = ended
	o.self.Go(func(ctx context.Context) {
		w := watch{pool: o.pool, inForce: inForce, ended: ended}
		if next := w.run(ctx); next != nil {
			_ = o.tell(ctx, mail{
				Pool: messages.Secured{}, offer: &offer{next: next, insofar: inForce, watched: true},
			})
		}
	})
}

// watch reads the files of one configuration again and again.
type watch struct {
	pool    *Pool
	inForce *credentials
	ended   <-chan struct{} // closed when something else is in force
	told    string          // the complaint that was logged last
}

// run answers the first credentials that differ and that a server takes; nil if
// the watch or ctx ended first. It reads whole files, which are small: a time stamp
// would miss what is replaced within its grain.
func (w *watch) run(ctx context.Context) *credentials {
	tick := time.NewTicker(w.inForce.from.Watch)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-w.ended:
			return nil
		case <-ctx.Done():
			return nil
		}
		if next := w.look(ctx); next != nil {
			return next
		}
	}
}

// look answers the credentials that are in the files, nil if they are those in
// force or are of no use.
func (w *watch) look(ctx context.Context) *credentials {
	m, err := w.inForce.from.read()
	if err != nil {
		w.complain(ctx, err.Error(), err)
		return nil
	}
	sum := m.sum()
	if sum == w.inForce.sum {
		w.told = "" // what was wrong is mended, or taken back
		return nil
	}
	next, err := m.credentials(time.Now())
	if err == nil {
		err = w.pool.try(ctx, next)
	}
	if err != nil {
		w.complain(ctx, string(sum[:]), err) // the text may tell of ports that change
		return nil
	}
	return next
}

// complain logs once for each thing that is wrong.
func (w *watch) complain(ctx context.Context, about string, err error) {
	if w.told == about || ctx.Err() != nil {
		return
	}
	select {
	case <-w.ended:
		return // what these files hold is nobody's business any more
	default:
	}
	w.told = about
	w.pool.cfg.Logger.Warn().Err(err).Msg("changed TLS files are not taken: those read before stay in force")
}
