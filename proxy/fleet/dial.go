package fleet

import (
	"slices"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// connected reports whether a has any session.
func (a *agent) connected() bool {
	return slices.ContainsFunc(a.links, func(l link) bool { return l.up })
}

// dial begins a dial, unless one is under way that may still be waited for, or the
// address is not dialed for now: then the error is a BackoffError.
func (f *Fleet) dial(a *agent, n int16) error {
	l := &a.links[n]
	if l.dial != 0 {
		return nil
	}
	addr := f.servers[n].Addr
	if err := a.dials.Refuse(f.clock(), addr, a.connected()); err != nil {
		return err
	}
	how, after := f.connect(a, n, a.dials.Limit(addr, dialLimit, l.late != 0))
	a.number++
	l.dial = a.number
	of := event{agent: a.id, server: n, kind: evDialed, arg: how, gen: l.dial}
	f.in(after, of)
	if after > dialLimit {
		of.kind = evLate
		f.in(dialLimit, of)
	}
	return nil
}

// overdueDial fails the calls that wait for a dial: it was not answered in time. It goes
// on, unless it began while another one was late.
func (f *Fleet) overdueDial(a *agent, e event) {
	l := &a.links[e.server]
	if l.dial != e.gen {
		return
	}
	l.dial = 0
	if l.late == 0 {
		l.late = e.gen
	}
	f.undialed(a, e.server, errSilent)
}

// dialed takes the end of a dial.
func (f *Fleet) dialed(a *agent, e event) {
	l := &a.links[e.server]
	if e.gen != l.dial && e.gen != l.late {
		return
	}
	late := e.gen == l.late
	if late {
		l.late = 0
	} else {
		l.dial = 0
	}
	switch {
	case e.arg == made && f.reaches(a, e.server):
		f.established(a, e.server, e.gen)
	case late: // its callers know
	case e.arg == refused:
		f.undialed(a, e.server, errRefused)
	default:
		f.undialed(a, e.server, errSilent)
	}
}

// undialed fails the calls that wait for a dial.
func (f *Fleet) undialed(a *agent, n int16, err error) {
	srv := f.servers[n].Server
	a.dials.Failed(f.clock(), srv.Addr, err == errSilent, dialLimit, a.connected()) //nolint:errorlint // it is this package's own
	f.tell(a, messages.FailureNotice{Server: srv, Epoch: a.view.Epoch(), Err: err})
	for i := range a.calls {
		if c := &a.calls[i]; c.on && c.dials && c.server == n {
			f.fails(a, i, attempt.Failure{Kind: attempt.Lost, Outcome: attempt.NotSent})
		}
	}
	f.pinged(a, n, false)
}

// established has the calls go that wait for a session.
func (f *Fleet) established(a *agent, n int16, number uint32) {
	l := &a.links[n]
	if l.up {
		return
	}
	*l = link{up: true, number: number, since: f.now, heard: f.now, ends: f.now + idleLimit}
	if n == a.front {
		l.ends = 0
	}
	f.count(f.servers[n].handshakes)
	a.dials.Up(f.clock(), f.servers[n].Addr, uint64(number))
	for i := range a.calls {
		if c := &a.calls[i]; c.on && c.dials && c.server == n {
			f.send(a, i)
		}
	}
	f.pinged(a, n, true)
}
