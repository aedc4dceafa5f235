package fleet

import "time"

// synAt is when a SYN that is not answered is sent again, counted from the first one
// (Linux: the timeout is 1 s at first, and doubles).
var synAt = [...]time.Duration{time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second, 31 * time.Second}

// dialing is a dial whose SYN is on its way or is sent later.
type dialing struct {
	of    event         // the end of the dial, as its agent gets it
	began time.Duration // the dial
	limit time.Duration // of the dial
	first time.Duration // when the first SYN was sent
	at    time.Duration // when the next one is
	sent  int
	to    int16 // the server that the first SYN was sent to
}

// syns holds the dials whose SYN is sent later.
type syns struct {
	all   []dialing
	free  []uint32 // places in all
	begun dialing  // the dial that connect began last
}

// connect is the result of a's dial to a server, limited to limit: how it ends, and
// after what time. The result is resent if a SYN is sent later. Then the event that the
// caller gives to in comes when the dial ends, with how it ended, and after is the limit.
func (f *Fleet) connect(a *agent, n int16, limit time.Duration) (how uint32, after time.Duration) {
	d := &f.syns.begun
	*d = dialing{began: f.now, first: f.now, limit: limit}
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
func (f *Fleet) syn(a *agent, n int16, d *dialing) (how uint32, after time.Duration) {
	if d.sent == 0 {
		d.to = f.choose(n)
	}
	d.sent++
	rest := d.began + d.limit - f.now
	rtt := f.way(a, max(d.to, 0))
	switch {
	case d.to < 0 || !f.servers[d.to].up:
		return f.undone(max(d.to, n), refused, rtt)
	case !f.alive(a.id, d.to):
		return f.undone(d.to, timedOut, rest)
	}
	s := &f.servers[d.to]
	if d.sent == 1 {
		f.count(s.dials)
	}
	if f.waiting(s, rtt/2) > f.cfg.Backlog && f.cfg.Backlog > 0 {
		if d.sent > len(synAt) || d.first+synAt[d.sent-1] >= d.began+d.limit {
			return f.undone(d.to, timedOut, rest)
		}
		d.at = d.first + synAt[d.sent-1]
		return resent, rest
	}
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
	if f.cfg.Handshakes == 0 {
		return 0
	}
	each := f.handshake()
	return int((max(s.free-f.now-after, 0) + each - 1) / each)
}

// resend has the SYN of the dial that connect began last be sent later. The dial ends
// with e.
func (f *Fleet) resend(e event) {
	d := f.syns.begun
	d.of = e
	var place uint32
	if n := len(f.syns.free); n > 0 {
		place = f.syns.free[n-1]
		f.syns.free = f.syns.free[:n-1]
		f.syns.all[place] = d
	} else {
		place = uint32(len(f.syns.all))
		f.syns.all = append(f.syns.all, d)
	}
	f.queue.push(event{at: d.at, agent: world, kind: evSyn, arg: place})
}

// synAgain sends the SYN of a dial now.
func (f *Fleet) synAgain(place uint32) {
	d := &f.syns.all[place]
	how, after := f.syn(&f.agents[d.of.agent], d.of.server, d)
	if how == resent {
		f.queue.push(event{at: d.at, agent: world, kind: evSyn, arg: place})
		return
	}
	d.of.arg = how
	f.in(after, d.of)
	f.syns.free = append(f.syns.free, place)
}
