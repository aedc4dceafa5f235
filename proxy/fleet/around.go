package fleet

import "time"

// in has e happen after a while.
func (f *Fleet) in(d time.Duration, e event) {
	if e.kind == evDialed && e.arg == resent {
		f.resend(e)
		return
	}
	e.at = f.now + d
	f.queue.push(e)
}

// count adds one to c, unless it is still the warm-up.
func (f *Fleet) count(c *counter) {
	if f.running() {
		c.add(f.now - f.cfg.Warm)
	}
}

// reaches reports whether a server is alive for a: its handshakes and pings are answered.
func (f *Fleet) reaches(a *agent, n int16) bool {
	n = f.behind(a, n)
	return n >= 0 && f.alive(a.id, n)
}

// serves reports whether a server that a reaches answers its calls too.
func (f *Fleet) serves(a *agent, n int16) bool {
	n = f.behind(a, n)
	return n >= 0 && !f.servers[n].hung && f.alive(a.id, n)
}

// alive is reaches of the server itself, not of an address.
func (f *Fleet) alive(id int32, n int16) bool {
	s := &f.servers[n]
	return s.up && !s.frozen && !s.cut.hits(id, n)
}
