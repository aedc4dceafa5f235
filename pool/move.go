package pool

import (
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/session"
)

// ErrMoved is why a call ended that is to be made again elsewhere: Request.Moved was
// closed, or its session takes no new calls, and then the reason is beside it.
var ErrMoved = session.ErrMoved

// move has the session of another server be kept. That of the former one is used
// like any other from then on: calls to that server find it, its server reaches the
// agent on it, and whoever moves back has it again. It ends once it has carried
// nothing for the time to drain. Naming none moves nowhere: what there is stays
// until it is idle, or until another one is named.
func (c *core) move(now time.Time, to string) {
	c.retain = to
	if to == "" || to == c.front {
		return
	}
	if s := c.found(c.front); s != nil {
		s.left, s.check = now, now.Add(c.drain())
		c.tidy = now
	}
	c.front = to
	if s := c.found(to); s != nil {
		s.left = time.Time{}
	}
}

// found is the session that calls to addr find; nil: none.
func (c *core) found(addr string) *carrier {
	if l := c.servers[addr]; l != nil && l.up {
		return c.sessions[l.session]
	}
	return nil
}
