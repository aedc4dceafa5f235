package fleet

// putBalancer puts a balancer in front, if there is to be one: the address of server 0 is
// its own, and the only one that agents are told.
func (f *Fleet) putBalancer() {
	if !f.cfg.Balancer {
		return
	}
	f.balancer = balancer{to: make([]int16, len(f.agents)), each: make([]int, len(f.servers))}
	for i := range f.balancer.to {
		f.balancer.to[i] = -1
	}
	for i := range f.servers {
		f.servers[i].named = i == 0
	}
	f.known = f.known[:1]
}

// address is the number of the address that leads to a server.
func (f *Fleet) address(n int16) int16 {
	if f.cfg.Balancer {
		return 0
	}
	return n
}

// behind is the server that a's session with an address leads to; -1: none.
func (f *Fleet) behind(a *agent, n int16) int16 {
	if f.cfg.Balancer {
		return f.balancer.to[a.id]
	}
	return n
}

// choose is the server that a new connection to an address leads to; -1: none is up.
func (f *Fleet) choose(n int16) int16 {
	if !f.cfg.Balancer {
		return n
	}
	count := int16(len(f.servers))
	for range count {
		n = f.balancer.turn
		f.balancer.turn = (n + 1) % count
		if f.servers[n].up {
			return n
		}
	}
	return -1
}

// leadTo notes which server a's new session leads to.
func (f *Fleet) leadTo(a *agent, n int16) {
	if !f.cfg.Balancer {
		return
	}
	b := &f.balancer
	if before := b.to[a.id]; before >= 0 {
		b.each[before]--
	}
	if b.to[a.id] = n; n >= 0 {
		b.each[n]++
	}
}

// fronts is how many agents have a server in front.
func (f *Fleet) fronts(n int) int {
	if f.cfg.Balancer {
		return f.balancer.each[n]
	}
	return f.servers[n].active
}
