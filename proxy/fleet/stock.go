package fleet

import "time"

// The model of Nomad 2.0.6's client, from how it behaves: one list of servers that is
// shuffled when heartbeats name others, and cycled at each failure of its first
// (client/servers/manager.go); rounds every 300 to 600 s, longer in big fleets (the
// same); dials of up to 10 s, sessions cached for 5 min (helper/pool/pool.go); yamux's
// keepalive of 30 s with 10 s of patience; a call that is sent again at once only if
// its session ended with EOF (client/rpc.go), everything else by the loop that made it
// (client/client.go).
const (
	stockDialLimit = 10 * time.Second       // helper/pool/pool.go: a dial's timeout
	stockIdle      = 5 * time.Minute        // client/client.go: for how long the pool keeps an unused session
	stockHold      = 5 * time.Second        // rpc_hold_timeout (nomad/config.go, client/config/config.go)
	stockRetry     = 312 * time.Millisecond // a sixteenth of it: before a call is sent again (client/rpc.go)
	stockPing      = 30 * time.Second       // yamux: KeepAliveInterval
	stockPatience  = 10 * time.Second       // yamux: ConnectionWriteTimeout, which bounds a ping
	stockRound     = 300 * time.Second      // client/servers/manager.go: the least time between rounds
	stockPerSecond = 64                     // the same: rebalancing connections that one server is to have
	stockFirst     = 10 * time.Second       // client/client.go: over which first heartbeats are spread
	stockRegister  = 15 * time.Second       // the same: before another first heartbeat, plus up to as much
	stockWatch     = 30 * time.Second       // the same: before another blocking query, plus up to as much
	stockLate      = 30 * time.Second       // the same: the longest pause between heartbeats that fail
)

// stockEvent does what happens to a stock agent.
func (f *Fleet) stockEvent(a *agent, e event) {
	switch e.kind {
	case evStart:
		f.looking(a)
		f.stockStart(a)
	case evBeat:
		if e.gen == a.beat && !(f.cfg.NoBeats && f.running()) {
			a.due = f.now
			f.stockBegin(a, beat)
		}
	case evDialed:
		f.stockDialed(a, e.server, e.arg)
	case evAnswered:
		f.stockAnswered(a, e)
	case evNoLeader:
		if a.current(e) != nil {
			f.stockFailed(a, e.server)
			f.stockAgain(a, beat, true)
		}
	case evPause:
		if a.current(e) != nil {
			f.stockTry(a, int(e.call))
		}
	case evLoop:
		if a.current(e) != nil {
			f.endCall(a, int(e.call))
			f.stockBegin(a, int(e.call))
		}
	case evHeld:
		f.stockHeld(a, e)
	case evBroke:
		f.stockBroke(a, e.server)
	case evAlive:
		f.stockAlive(a, e)
	case evRound:
		f.stockRebalance(a)
	case evPing:
		if e.gen == a.stock.round {
			f.stockPinged(a, e.arg == made)
		}
	}
}

func (f *Fleet) stockStart(a *agent) {
	a.stock = &stock{links: make([]link, len(f.servers))}
	for _, srv := range f.known {
		a.stock.order = append(a.stock.order, f.number[srv.Addr])
	}
	f.stockShuffle(a, a.stock.order)
	f.stockMove(a, a.stock.order[0])
	f.stockBegin(a, watch)
	f.in(a.upTo(stockFirst), event{agent: a.id, kind: evBeat, gen: a.beat})
	f.in(stockRound, event{agent: a.id, kind: evRound})
}

func (f *Fleet) stockShuffle(a *agent, list []int16) {
	a.random().Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// stockMove notes which server is in front.
func (f *Fleet) stockMove(a *agent, n int16) {
	if a.front == n {
		return
	}
	if a.front >= 0 {
		f.servers[a.front].active--
		f.count(f.moves)
	}
	a.front = n
	f.servers[n].active++
}

// stockFailed puts a server last that was first.
func (f *Fleet) stockFailed(a *agent, n int16) {
	if list := a.stock.order; len(list) > 1 && list[0] == n {
		copy(list, list[1:])
		list[len(list)-1] = n
		f.stockMove(a, list[0])
	}
}

// stockListed takes the servers that a heartbeat names, if they are others.
func (f *Fleet) stockListed(a *agent) {
	var named []int16
	listed := uint64(0)
	for _, n := range a.stock.order {
		listed |= 1 << n
	}
	for i := range f.servers {
		if f.cluster.Named(i) {
			named = append(named, int16(i))
			listed ^= 1 << i
		}
	}
	if listed == 0 {
		return
	}
	f.stockShuffle(a, named)
	a.stock.order = named
	f.stockMove(a, named[0])
}

// stockRebalance begins a round: the servers are pinged in a new order until one answers.
func (f *Fleet) stockRebalance(a *agent) {
	s := a.stock
	s.pings = append(s.pings[:0], s.order...)
	f.stockShuffle(a, s.pings)
	s.failed = 0
	f.noteRound(a)
	f.stockPing(a)
}

func (f *Fleet) stockPing(a *agent) {
	s := a.stock
	n := s.pings[0]
	s.pinging = true
	s.round++
	switch {
	case !f.stockUp(a, n):
		f.stockDial(a, n)
	case f.reaches(a, n):
		f.stockUsed(a, n)
		f.in(f.rtt(a, n), event{agent: a.id, kind: evPing, server: n, arg: made, gen: s.round})
	default: // until yamux's keepalive ends the session
		f.in(stockPing+stockPatience, event{agent: a.id, kind: evPing, server: n, arg: timedOut, gen: s.round})
	}
}

func (f *Fleet) stockPinged(a *agent, ok bool) {
	s := a.stock
	s.pinging = false
	s.round++
	if !ok {
		if s.failed++; s.failed < len(s.pings) {
			n := s.pings[0]
			copy(s.pings, s.pings[1:])
			s.pings[len(s.pings)-1] = n
			f.stockPing(a)
			return
		}
	} else {
		s.order = append(s.order[:0], s.pings...)
		f.stockMove(a, s.order[0])
		f.stockUsed(a, s.order[0])
	}
	wait := max(stockRound, time.Duration(s.nodes)*time.Second/time.Duration(stockPerSecond*len(s.pings)))
	f.in(wait+a.upTo(wait), event{agent: a.id, kind: evRound})
}
