package fleet

import (
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// race begins one.
func (f *Fleet) race(a *agent, i int, order []messages.Server) {
	c := a.call(i)
	c.state = dials
	c.race = &race{order: order, Contact: attempt.NewContact(a.view)}
	f.raceOn(a, i)
}

// raceOn dials the next server if it is time to, and has itself called again.
func (f *Fleet) raceOn(a *agent, i int) {
	c := a.call(i)
	r := c.race
	if n, won := f.wonElsewhere(a, r); won {
		f.raceWon(a, i, n)
		return
	}
	now := f.clock()
	if r.Dials() < len(r.order) && r.Wait(now, f.reached(a, r)) == 0 {
		n := f.number[r.order[r.Dials()].Addr]
		r.Begun(now)
		r.open |= 1 << n
		f.connectTo(a, i, n, poolcore.Connect{Spare: true})
	}
	again := attempt.ContactStagger
	if r.Dials() < len(r.order) {
		again = r.Wait(now, f.reached(a, r))
	}
	f.in(again, event{agent: a.id, call: uint8(i), gen: c.gen, kind: evRace})
}

// raceEnds takes the end of one dial of a race.
func (f *Fleet) raceEnds(a *agent, i int, n int16, err error) {
	c := a.call(i)
	r := c.race
	if r.open&(1<<n) == 0 {
		return
	}
	r.open &^= 1 << n
	if err == nil {
		if first := f.number[r.order[0].Addr]; n != first {
			a.raced = racing{winner: n}
			for _, s := range r.order[:r.Dials()] {
				a.raced.dialed |= 1 << f.number[s.Addr]
			}
		}
		f.raceWon(a, i, n)
		return
	}
	r.Failed()
	srv := f.servers[n].Server
	f.tell(a, messages.FailureNotice{Server: srv, Epoch: c.epoch, Err: err})
	if srv == r.order[0] {
		r.err = err
	}
	c.Unreached(srv, backoffEnd(err))
	if r.Open() == 0 && r.Dials() == len(r.order) {
		c.race = nil
		f.fails(a, i, r.err, dialFailure(r.err))
		return
	}
	c.gen = a.number() // the timer is set anew
	f.todo = append(f.todo, todo{gen: c.gen, which: i, effect: raceOn{}})
}

// raceWon has the call made on the server that is connected.
func (f *Fleet) raceWon(a *agent, i int, n int16) {
	c := a.call(i)
	for m := range f.servers {
		if c.race.open&(1<<m) != 0 {
			f.withdraw(a, i, int16(m))
		}
	}
	c.race, c.gen = nil, a.number()
	c.Took(f.servers[n].Server)
	c.server, c.state = n, idle
	f.carry(a, i)
}

// wonElsewhere is a server that another call has connected while the first one of this
// race did not answer.
func (f *Fleet) wonElsewhere(a *agent, r *race) (int16, bool) {
	if a.raced.dialed&(1<<f.number[r.order[0].Addr]) == 0 {
		return 0, false
	}
	for _, s := range r.order {
		if n := f.number[s.Addr]; n == a.raced.winner && a.find(n) != nil {
			return n, true
		}
	}
	return 0, false
}

// reached is how many of the dials under way have found a host.
func (f *Fleet) reached(a *agent, r *race) (reached int) {
	for _, d := range a.dials {
		if r.open&(1<<d.server) != 0 && d.accepted && f.now >= d.began+f.rtt(a, d.server) {
			reached++
		}
	}
	return reached
}
