package fleet

import (
	"slices"
	"time"
)

// limited reports whether there is any limit.
func (f *Fleet) limited() bool { return f.cfg.Conns > 0 || f.cfg.ConnsPerClient > 0 }

// full reports whether a server closes one more connection of a.
func (f *Fleet) full(a *agent, n int16) bool {
	l := &f.limits
	if !f.limited() {
		return false
	}
	if l.open == nil {
		count := len(f.servers)
		l.open, l.counted = make([]int, count), make([]time.Duration, count)
		l.from = make([]uint32, count*(f.cfg.Agents/f.cfg.PerAddress+1))
	}
	if f.over(a, n) && f.now >= l.counted[n]+time.Second {
		f.recount(n)
	}
	return f.over(a, n)
}

// over reports whether a server has as many sessions as it keeps.
func (f *Fleet) over(a *agent, n int16) bool {
	all, from := f.cfg.Conns, f.cfg.ConnsPerClient
	return all > 0 && f.limits.open[n] >= all || from > 0 && int(*f.opened(a.id, n)) >= from
}

// opened is the number of sessions of an agent's address with a server.
func (f *Fleet) opened(id int32, n int16) *uint32 {
	return &f.limits.from[int(id)/f.cfg.PerAddress*len(f.servers)+int(n)]
}

// opens notes that a has a session with a server from a time on.
func (f *Fleet) opens(a *agent, n int16, from time.Duration) {
	f.leadTo(a, n)
	if !f.limited() {
		return
	}
	f.limits.open[n]++
	*f.opened(a.id, n)++
	f.limits.handshake = append(f.limits.handshake, opening{agent: a.id, to: n, until: from})
}

// recount counts the sessions of a server.
func (f *Fleet) recount(n int16) {
	l := &f.limits
	l.counted[n] = f.now
	l.open[n] = 0
	for i := int(n); i < len(l.from); i += len(f.servers) {
		l.from[i] = 0
	}
	one := func(id int32) {
		l.open[n]++
		*f.opened(id, n)++
	}
	for i := range f.agents {
		a := &f.agents[i]
		if at := f.address(n); f.behind(a, at) == n {
			for range f.open(a, at) {
				one(a.id)
			}
		}
	}
	l.handshake = slices.DeleteFunc(l.handshake, func(o opening) bool { return o.until <= f.now })
	for _, o := range l.handshake {
		if o.to == n {
			one(o.agent)
		}
	}
}
