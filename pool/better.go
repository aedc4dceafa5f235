package pool

import (
	"errors"

	"github.com/open-nomad/rpcproxy/messages"
)

// ErrNotRenewed says that Renew made no session: there is none to replace, or one is
// being replaced already.
var ErrNotRenewed = errors.New("the session to the server is not being replaced now")

// errElsewhere is why a session ended whose address led to a better one.
var errElsewhere = &renewedError{"session was replaced: its address leads to a better server now"}

// renewedError is ErrRenewed in other words.
type renewedError struct{ text string }

func (e *renewedError) Error() string { return e.text }

func (*renewedError) Is(target error) bool { return target == ErrRenewed }

// renewAsked begins a dial for a session that is to be better than the one in use.
func (c *core) renewAsked(m messages.Renew) {
	l := c.servers[m.Addr]
	if l == nil || !l.up || l.renewal.session != 0 || !l.renewal.again.IsZero() {
		c.emit(answer{to: m.Reply, err: ErrNotRenewed})
		return
	}
	c.last++
	l.renewal = renewal{session: c.last, better: true}
	c.asked[c.last] = m.Reply
	c.emit(dial{addr: m.Addr, session: c.last, better: true})
}

// renewAnswered tells who asked for a session what has become of its dial.
func (c *core) renewAnswered(m messages.Dialed) {
	to, asked := c.asked[m.Session]
	if !asked {
		return
	}
	delete(c.asked, m.Session)
	err := m.Err
	if err == nil && !c.current(m.Addr, m.Session) {
		err = ErrNotRenewed // the session it was to replace has gone, or was replaced otherwise
	}
	c.emit(answer{to: to, err: err})
}

// reason is why the session ends that this renewal has replaced.
func (r renewal) reason() error {
	if r.better {
		return errElsewhere
	}
	return ErrRenewed
}
