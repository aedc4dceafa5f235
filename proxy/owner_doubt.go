package proxy

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
)

// doubtful is a failure notice of a Tenant about its own connections. The list is that of all
// Tenants, so it counts once the server answers none of the others that have a session to it.
type doubtful struct{ messages.FailureNotice }

// ownTrouble reports whether err may be of one Tenant's connections only: a dial, a connection that
// broke, silence. Servers close connections beyond 100 from one address at once, for
// instance.
func ownTrouble(err error) bool {
	if errors.Is(err, pool.ErrLeaving) {
		return false // the server said so
	}
	var network *net.OpError
	return errors.As(err, new(*pool.DialError)) || errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, pool.ErrSilent)
}

// check is a look whether a server answers on the sessions of others than a Tenant that
// fails there.
type check struct {
	running  bool
	answered bool
	until    time.Time                // the result holds until then
	waiting  []messages.FailureNotice // what counts if there is no answer: one of each call, and the first of the others
}

// checked is the result of a check.
type checked struct {
	messages.Suspected // so that it is a message
	answered           bool
}

// voices is how many sessions are asked in one check.
const voices = 3

// checkTime bounds a check, and is for how long its result holds. It begins with the ping of a
// silent session, and ends before that one's PingTimeout unless that is changed.
func (o *owner) checkTime() time.Duration { return o.cfg.ProbeTimeout / 2 }

// doubt reports whether a notice waits for a check, or was refuted by one. Its call waits too, as
// the view is to be rotated when it goes on.
func (o *owner) doubt(now time.Time, n messages.FailureNotice) bool {
	asked := o.connectedTo(n.Server.Addr)
	if len(asked) == 0 {
		return false
	}
	c := o.checks[n.Server.Addr]
	switch {
	case c != nil && c.running:
	case c != nil && now.Before(c.until):
		if !c.answered {
			return false
		}
	default:
		c = o.check(n.Server.Addr, asked)
	}
	switch {
	case !c.running:
		n.Reply.Send(false)
	case n.Reply.Awaited() || len(c.waiting) == 0:
		c.waiting = append(c.waiting, n)
	}
	return true
}

// suspected begins a check of a silent server, whose result is there when silence is certain.
func (o *owner) suspected(now time.Time, addr string) {
	if c := o.checks[addr]; c != nil && (c.running || now.Before(c.until)) {
		return
	}
	if asked := o.connectedTo(addr); len(asked) > 0 {
		o.check(addr, asked)
	}
}

// check begins a check.
func (o *owner) check(addr string, asked []*ownPool) *check {
	c := &check{running: true}
	o.checks[addr] = c
	o.self.Go(func(ctx context.Context) {
		limited, stop := context.WithTimeout(ctx, o.checkTime())
		defer stop()
		answered := anyLives(limited, addr, asked)
		_ = o.self.Ref().Tell(ctx, checked{messages.Suspected{Addr: addr}, answered}) // fails once the owner ends
	})
	return c
}

// connectedTo are some of the pools that have a session to addr, the proxy's own one first.
func (o *owner) connectedTo(addr string) (some []*ownPool) {
	all := o.tenants.all()
	if len(all) == 0 {
		return nil
	}
	from := rand.IntN(len(all))
	for i := range len(all) + 1 {
		p := o.pool
		if i > 0 {
			p = all[(from+i)%len(all)]
		}
		if p.Connected(addr) {
			if some = append(some, p); len(some) == voices {
				break
			}
		}
	}
	return some
}

// anyLives reports whether a server answers on one of the sessions. It waits for all of them, or
// for the first answer.
func anyLives(ctx context.Context, addr string, asked []*ownPool) bool {
	ctx, stop := context.WithCancel(ctx)
	answers := make(chan bool, len(asked))
	for _, p := range asked {
		go func() {
			answers <- p.Lives(ctx, addr)
		}()
	}
	answered := false
	for range asked {
		if <-answers {
			answered = true
			stop() // of the others
		}
	}
	stop()
	return answered
}

// checkEnded takes a result. What waited for it counts if nobody answered.
func (o *owner) checkEnded(now time.Time, r checked) {
	c := o.checks[r.Addr]
	for addr, old := range o.checks {
		if !old.running && !now.Before(old.until) {
			delete(o.checks, addr)
		}
	}
	waiting := c.waiting
	*c = check{answered: r.answered, until: now.Add(o.checkTime())}
	if r.answered && len(waiting) > 0 {
		o.cfg.log.Debug().Cut("server", r.Addr, maxText).AnErr("error", waiting[0].Err).
			Msg("server fails for one agent, and answers another one")
	}
	for _, n := range waiting {
		if r.answered {
			n.Reply.Send(false)
		} else {
			o.step(now, n)
		}
	}
}
