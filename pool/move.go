package pool

import (
	"errors"
	"time"
)

// ErrMoved is why a session ended whose server is not the retained one any more.
var ErrMoved = errors.New("session was left for that of another server")

// move has the session of another server be kept, and that of the former one leave
// use. Naming none moves nowhere: what there is stays until it is idle, or until
// another one is named.
func (c *core) move(now time.Time, to string) {
	c.retain = to
	if to == "" || to == c.front {
		return
	}
	if l := c.servers[c.front]; l != nil && l.up {
		c.drop(now, c.front, l, ErrMoved)
	}
	c.front = to
	if c.servers[to] == nil {
		c.comeBack(now, to)
	}
}

// comeBack takes the newest session to addr back into use that was left and can
// carry calls: the server still knows the agent by it.
func (c *core) comeBack(now time.Time, addr string) {
	newest := uint64(0)
	for id, s := range c.sessions {
		if s.addr == addr && s.again && !s.doubt.open() {
			newest = max(newest, id)
		}
	}
	s := c.sessions[newest]
	if s == nil {
		return
	}
	s.check, s.retirement = now.Add(c.cfg.idle), retirement{}
	c.servers[addr] = &link{session: newest, up: true}
	c.emit(readmit{session: newest})
	c.emit(publish{})
}

// bid bids a session farewell: once it has left use it does not come back, because
// its server takes no stream on it or its credentials are old.
func (c *core) bid(session uint64) {
	if s := c.sessions[session]; s != nil {
		s.again = false
	}
}
