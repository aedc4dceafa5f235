package cluster

import "time"

// syns holds the dials whose SYN is sent later, and those that wait in a frozen server.
type syns struct {
	all    []attempted
	free   []uint32  // places in all
	begun  attempted // the dial that connect began last
	serial uint32    // of the last one that came into all
}

// place is one in syns, as long as the dial has the serial.
type place struct{ at, serial uint32 }

// Keep has the dial that Dial began last go on later. The host knows it by the number.
func (c *Cluster) Keep() (kept uint32) {
	y := &c.syns
	d := y.begun
	y.serial++
	d.serial = y.serial
	p := place{at: uint32(len(y.all)), serial: d.serial}
	if n := len(y.free); n > 0 {
		p.at = y.free[n-1]
		y.free = y.free[:n-1]
		y.all[p.at] = d
	} else {
		y.all = append(y.all, d)
	}
	c.goesOn(p)
	return p.at
}

// goesOn has a dial go on when its time has come.
func (c *Cluster) goesOn(p place) {
	d := &c.syns.all[p.at]
	if d.parked {
		s := &c.servers[d.to]
		s.parked = append(s.parked, p)
	}
	c.host.Later(d.at, Event{At: p.at, Serial: p.serial})
}

// synAgain sends the SYN of a dial, or ends one that a frozen server did not take in time.
func (c *Cluster) synAgain(p place) {
	d := &c.syns.all[p.at]
	switch {
	case d.serial != p.serial:
	case d.parked:
		how, after := c.undone(d.to, TimedOut, 0)
		c.answers(p, how, after)
	default:
		c.sendSyn(p)
	}
}

// sendSyn sends it.
func (c *Cluster) sendSyn(p place) {
	d := &c.syns.all[p.at]
	how, after := c.syn(d)
	if how == Resent {
		c.goesOn(p)
		return
	}
	c.answers(p, how, after)
}

// answers ends a dial after a while, and frees its place.
func (c *Cluster) answers(p place, how uint32, after time.Duration) {
	c.syns.all[p.at].serial = 0
	c.host.Ended(p.at, how, after)
	c.syns.free = append(c.syns.free, p.at)
}

// takeParked has a server that is no longer frozen work off what its kernel has accepted:
// also the connections that were given up meanwhile.
func (c *Cluster) takeParked(s *server) {
	parked := s.parked
	s.parked = nil
	for _, p := range parked {
		d := &c.syns.all[p.at]
		if d.serial == p.serial {
			d.parked = false
			c.sendSyn(p)
		} else if c.cfg.Handshakes > 0 {
			s.free = max(s.free, c.now()) + c.handshake()
		}
	}
}

// dropParked ends the dials that wait in a frozen server whose process ends.
func (c *Cluster) dropParked(s *server) {
	for _, p := range s.parked {
		if d := &c.syns.all[p.at]; d.serial == p.serial {
			how, after := c.undone(d.to, Refused, c.way(d.agent, d.to)/2)
			c.answers(p, how, after)
		}
	}
	s.parked = nil
}
