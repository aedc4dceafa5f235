package fleet

import "time"

// synAt is when a SYN that is not answered is sent again, counted from the first one
// (Linux: the timeout is 1 s at first, and doubles).
var synAt = [...]time.Duration{time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second, 31 * time.Second}

// connect is the result of a's dial to a server, limited to limit: how it ends, and
// after what time. The result is resent if a SYN is sent later. Then the event that the
// caller gives to in comes when the dial ends, with how it ended, and after is the limit.
func (f *Fleet) connect(a *agent, n int16, limit time.Duration) (how uint32, after time.Duration) {
	d := &f.syns.begun
	*d = attempted{began: f.now, first: f.now, limit: limit}
	if f.cfg.Names {
		took, answered := f.ask(&f.dns)
		switch {
		case !answered || took >= limit:
			return f.undone(n, timedOut, min(took, limit))
		case took > 0:
			d.at, d.first = f.now+took, f.now+took
			return resent, limit
		}
	}
	return f.syn(a, n, d)
}

// syn sends a SYN of a dial: how the dial ends, and after what time from now. A server
// completes handshakes one after the other, also those that are given up meanwhile.
func (f *Fleet) syn(a *agent, n int16, d *attempted) (how uint32, after time.Duration) {
	if d.sent == 0 {
		d.to = f.choose(n)
	}
	d.sent++
	rest := d.began + d.limit - f.now
	rtt := f.way(a, max(d.to, 0))
	if d.to < 0 || !f.servers[d.to].up {
		return f.undone(max(d.to, n), refused, rtt)
	}
	s := &f.servers[d.to]
	switch full := f.cfg.Backlog > 0 && f.waiting(s, rtt/2) > f.cfg.Backlog; {
	case s.cut.hits(a.id, d.to):
		return f.unheard(d, rest)
	case s.frozen:
		if full {
			return f.unheard(d, rest)
		}
		d.parked, d.at = true, f.now+rest
		return resent, rest
	case full:
		f.arrives(s, d)
		return f.unheard(d, rest)
	}
	f.arrives(s, d)
	if f.full(a, d.to) { // it is closed as soon as it is accepted
		return f.undone(d.to, refused, 2*rtt)
	}
	done := f.now + rtt/2
	if f.cfg.Handshakes > 0 {
		done = max(done, s.free) + f.handshake()
		s.free = done
	}
	took := done + rtt/2 + rtt - f.now // the last one is the first ping's
	if took > rest {
		return f.undone(d.to, timedOut, rest)
	}
	f.opens(a, d.to, f.now+took)
	return made, took
}

// arrives counts a dial that has come to its server.
func (f *Fleet) arrives(s *server, d *attempted) {
	if !d.counted {
		d.counted = true
		f.count(s.dials)
	}
}

// unheard has a SYN sent again that is not answered, if the dial lasts until then.
func (f *Fleet) unheard(d *attempted, rest time.Duration) (uint32, time.Duration) {
	if d.sent > len(synAt) || d.first+synAt[d.sent-1] >= d.began+d.limit {
		return f.undone(d.to, timedOut, rest)
	}
	d.at = d.first + synAt[d.sent-1]
	return resent, rest
}

// undone counts a dial without a session.
func (f *Fleet) undone(n int16, how uint32, after time.Duration) (uint32, time.Duration) {
	s := &f.servers[n]
	f.count(s.failed)
	if how == refused {
		f.count(s.refused)
	}
	return how, after
}

// handshake is how long a server works on one.
func (f *Fleet) handshake() time.Duration { return time.Second / time.Duration(f.cfg.Handshakes) }

// waiting is how many handshakes a server has before it, and in work, after a while.
func (f *Fleet) waiting(s *server, after time.Duration) int {
	if s.frozen {
		return len(s.parked)
	}
	if f.cfg.Handshakes == 0 {
		return 0
	}
	each := f.handshake()
	return int((max(s.free-f.now-after, 0) + each - 1) / each)
}
