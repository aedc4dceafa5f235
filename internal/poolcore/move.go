package poolcore

import "github.com/open-nomad/rpcproxy/internal/moment"

// move has the session of another server be retained. The former one is used like any
// other from then on: calls to that server find it, its server reaches the agent on it,
// and a caller that moves back has it again. It ends once it has carried nothing for the
// time to drain. The empty address moves nowhere: the sessions there are stay until they
// are idle, or until another server is named.
func (c *Core) move(now moment.Time, to string) {
	c.retained = to
	if to == "" || to == c.moved {
		return
	}
	if s := c.found(c.moved); s != nil {
		s.left, s.check = now, now.Add(c.drain())
		c.limitAt = now
	}
	c.moved = to
	if s := c.found(to); s != nil {
		s.left = 0
	}
}
