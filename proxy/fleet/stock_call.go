package fleet

import "time"

func (f *Fleet) stockBegin(a *agent, i int) {
	if a.call(i).on {
		return
	}
	c := f.newCall(a, i)
	*c = call{on: true, wait: wait{gen: a.number()}, until: f.now + stockHold}
	if i == watch {
		c.until += watchFor
	}
	f.noteCall()
	f.stockTry(a, i)
}

// stockHeld takes the answer to a blocking query; one of a silent server comes later.
func (f *Fleet) stockHeld(a *agent, e event) {
	switch {
	case a.watchEnds != e.at || a.stock.watched != e.server:
	case f.serves(a, e.server):
		a.watchEnds = 0
		f.stockUsed(a, e.server)
		f.stockBegin(a, watch)
	default:
		a.watchEnds = f.now + time.Second
		f.in(time.Second, e)
	}
}

func (f *Fleet) stockTry(a *agent, i int) {
	c := a.call(i)
	n := a.stock.order[0]
	f.noteAttempt()
	c.server, c.gen = n, a.number()
	if f.stockUp(a, n) {
		f.stockSend(a, i, n)
		return
	}
	c.state = dials
	f.stockDial(a, n)
}

func (f *Fleet) stockDial(a *agent, n int16) {
	l := &a.stock.links[n]
	if l.dialing {
		return
	}
	l.dialing = true
	how, after := f.connect(a, n, stockDialLimit)
	f.in(after, event{agent: a.id, kind: evDialed, server: n, arg: how})
}

func (f *Fleet) stockDialed(a *agent, n int16, how uint32) {
	l := &a.stock.links[n]
	l.dialing = false
	ok := how == made && f.reaches(a, n)
	if ok {
		*l = link{up: true, since: f.now, ends: f.now + stockIdle}
		f.count(f.servers[n].handshakes)
		f.in(stockPing, event{agent: a.id, kind: evAlive, server: n})
	}
	for i := range calls {
		if c := a.call(i); c.on && c.state == dials && c.server == n {
			c.state = idle
			if ok {
				f.stockSend(a, i, n)
			} else {
				f.stockFailed(a, n)
				f.stockAgain(a, i, false)
			}
		}
	}
	if a.stock.pinging && a.stock.pings[0] == n {
		f.stockPinged(a, ok)
	}
}

// stockUsed keeps a session for another while.
func (f *Fleet) stockUsed(a *agent, n int16) {
	if l := &a.stock.links[n]; l.up {
		l.ends = f.now + stockIdle
	}
}

func (f *Fleet) stockSend(a *agent, i int, n int16) {
	c := a.call(i)
	f.stockUsed(a, n)
	if i == watch {
		c.on = false
		a.stock.watched = n
		a.watchEnds = f.now + watchFor + a.upTo(watchFor/16)
		f.queue.push(event{at: a.watchEnds, agent: a.id, kind: evHeld, server: n})
		if f.serves(a, n) {
			f.regained(a)
		}
		return
	}
	c.state = sent
	f.count(f.servers[n].beats)
	of := event{agent: a.id, server: n, call: beat, gen: c.gen, kind: evAnswered}
	switch until := f.cluster.LeadsIn(n); {
	case !f.serves(a, n): // it waits for the keepalive
	case f.hasLeader(n):
		if after, answered := f.serve(a, n, askBeat); answered {
			f.in(after, of)
		}
	case until > 0 && until < stockHold:
		f.in(until+a.upTo(stockRetry), of)
	default:
		of.kind = evNoLeader
		f.in(stockHold, of)
	}
}

func (f *Fleet) stockAnswered(a *agent, e event) {
	c := a.current(e)
	if c == nil {
		return
	}
	f.endCall(a, beat)
	f.noteBeat(a)
	a.stock.nodes = f.cfg.Nodes
	f.stockListed(a)
	a.beat++
	a.due = f.now + a.ttl
	f.in(a.ttl, event{agent: a.id, kind: evBeat, gen: a.beat})
	for i := range calls { // an answered heartbeat ends the other loops' pauses
		if other := a.call(i); other.on && a.stock.loops[i] {
			a.stock.loops[i] = false
			f.endCall(a, i)
			f.stockBegin(a, i)
		}
	}
}

// stockAgain sends a call again, soon if it may, or leaves it to its loop.
func (f *Fleet) stockAgain(a *agent, i int, soon bool) {
	c := a.call(i)
	c.gen = a.number()
	c.state = idle
	of := event{agent: a.id, kind: evPause, call: uint8(i), gen: c.gen}
	if soon && f.now < c.until {
		f.in(a.upTo(stockRetry), of)
		return
	}
	of.kind = evLoop
	a.stock.loops[i] = true
	wait := stockWatch + a.upTo(stockWatch)
	if i == beat {
		wait = f.stockBeatPause(a)
		if f.cfg.Discovery {
			f.discover()
		}
	}
	f.in(wait, of)
}

// stockBeatPause is the pause of the loop of heartbeats (client/client.go,
// heartbeatStop and retryIntv): by what is left of the TTL, or how long it is over.
func (f *Fleet) stockBeatPause(a *agent) time.Duration {
	if a.lastBeat == 0 {
		return stockRegister + a.upTo(stockRegister)
	}
	left := a.lastBeat + a.ttl - f.now
	switch {
	case left < -stockLate:
		left = -left
	case left < 0:
		return time.Second + a.upTo(time.Second)
	}
	switch wait := a.upTo(max(left, 1)); {
	case wait < time.Second:
		return time.Second + a.upTo(time.Second)
	case wait > stockLate:
		return stockLate - 5*time.Second + a.upTo(5*time.Second)
	default:
		return wait
	}
}

// stockAlive is yamux's keepalive of one session.
func (f *Fleet) stockAlive(a *agent, e event) {
	switch {
	case !a.stock.links[e.server].up:
	case f.reaches(a, e.server):
		f.in(stockPing, event{agent: a.id, kind: evAlive, server: e.server})
	case e.arg == 0:
		e.arg = 1
		f.in(stockPatience, e)
	default:
		f.stockBroke(a, e.server)
	}
}

func (f *Fleet) stockBroke(a *agent, n int16) {
	if !a.stock.links[n].up {
		return
	}
	a.stock.links[n].up = false
	if a.watchEnds > 0 && a.stock.watched == n {
		a.watchEnds = 0
		c := &a.query
		*c = call{on: true, wait: wait{gen: a.number()}, until: f.now + stockHold + 100*time.Second}
		f.stockFailed(a, n)
		f.stockAgain(a, watch, true)
	}
	if c := a.call(beat); c.on && c.state == sent && c.server == n {
		f.stockFailed(a, n)
		f.stockAgain(a, beat, false)
	}
}
