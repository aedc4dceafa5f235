package proxy

import (
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/logqueue"
	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/messages"
)

// poolEvents passes on what the proxy's own pool reports. Its methods run in the pool's
// owner and must not block.
type poolEvents struct {
	mail      actor.Ref[messages.Message] // the owner's, set before the owner dials anything
	missed    missedNotices               // by the owner
	board     *board
	log       *logqueue.Logger
	observers *observers
	renewal   atomic.Pointer[chan struct{}] // what Proxy.Renewed returns
	end       atomic.Pointer[func(error)]   // is called when the pool's owner ends; nil: not yet
}

// hooks are the methods as the pool calls them, each followed by that of also.
func (e *poolEvents) hooks(also poolhooks.Hooks, queue *logqueue.Queue) poolhooks.Hooks {
	return poolhooks.Hooks{
		Queue:   queue,
		Up:      e.up(false),
		Over:    e.over(false),
		Suspect: e.suspect,
		Arrived: e.arrived,
		Ended:   e.ended,
		Down: func(addr string, err error) {
			if e.down(addr, err); also.Down != nil {
				also.Down(addr, err)
			}
		},
		Renewed: func(addr string) {
			if e.renewed(addr); also.Renewed != nil {
				also.Renewed(addr)
			}
		},
	}
}

// up tells observers of a session, in its own goroutine.
func (e *poolEvents) up(tenant bool) func(poolhooks.Session, time.Duration) {
	return func(s poolhooks.Session, took time.Duration) {
		e.observers.sessionUp(SessionEvent{
			At: time.Now(), Server: messages.Server{Addr: s.Addr}, ID: s.ID, TLS: s.TLS, Tenant: tenant, Took: took,
		})
	}
}

// over tells observers that a session has ended.
func (e *poolEvents) over(tenant bool) func(poolhooks.Session, time.Duration, error) {
	return func(s poolhooks.Session, lasted time.Duration, cause error) {
		e.observers.sessionDown(SessionEvent{
			At: time.Now(), Server: messages.Server{Addr: s.Addr}, ID: s.ID, TLS: s.TLS, Tenant: tenant, Lasted: lasted, Err: cause,
		})
	}
}

// suspect reports a server that is silent while calls wait for it. The pool repeats what
// a full mailbox loses.
func (e *poolEvents) suspect(addr string) { _ = e.mail.TryTell(messages.Suspected{Addr: addr}) }

// down reports a server that cannot be reached or is leaving, also when no call was on its
// way there. The pool has judged that the event is about the server's current session, and
// reports it once, so the notice holds in the order of the mailbox and carries no epoch: with
// one, an answer that is in the mailbox before it would make it stale.
func (e *poolEvents) down(addr string, err error) { e.notify(addr, e.notice(addr, err), false) }

// arrived reports a server that was given up because its dial was late, and that has answered it
// after all: calls that pause for want of a server go on. What a full mailbox loses, the end
// of their pause makes good. It holds in the order of the mailbox, as down does.
func (e *poolEvents) arrived(addr string) {
	_ = e.mail.TryTell(messages.Recovered{Server: messages.Server{Addr: addr}})
}

// doubt is down where the failure may be about one Tenant's connections only.
func (e *poolEvents) doubt(addr string, err error) {
	e.notify(addr, doubtful{e.notice(addr, err)}, true)
}

func (e *poolEvents) notice(addr string, err error) messages.FailureNotice {
	return messages.FailureNotice{Server: messages.Server{Addr: addr}, Err: freeze(e.log, err)}
}

// notify sends a notice about addr, which is kept where the mailbox is full: the pool does not
// repeat it, and no call finds it out where another session to the server is up by then.
func (e *poolEvents) notify(addr string, m messages.Message, doubts bool) {
	if e.mail.TryTell(m) != actor.ErrFull { //nolint:errorlint // a fault of the owner's may wrap one of another actor
		return
	}
	e.missed.keep(addr, m, doubts)
	_ = e.mail.TryTell(recall{}) // where it is full the owner has a message to take, and looks behind it
}

// ended reports that the pool's owner ends.
func (e *poolEvents) ended(cause error) {
	if end := e.end.Load(); end != nil {
		(*end)(cause)
	}
}

// renewed reports that a session was replaced. The pool makes one such call at a time.
func (e *poolEvents) renewed(addr string) {
	if e.board.snap.Load().active.Addr == addr {
		next := make(chan struct{})
		close(*e.renewal.Swap(&next))
	}
}
