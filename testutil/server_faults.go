package testutil

import (
	"errors"
	"net"
)

// forwardFailure is the server's answer for the fault.
func (s *Server) forwardFailure(f Fault) error {
	o := s.world.outlook()
	leader := o.leader
	if leader == "" {
		leader = o.lost
	}
	hops := f.hops
	if hops == hopsByRole {
		hops = 1
		if leader == s.addr && !f.failure.forwards() {
			hops = 0
		}
	}
	host, _, _ := net.SplitHostPort(s.addr) // it came from a listener
	text := f.failure.text(net.JoinHostPort(host, forwardPort), leader)
	return errors.New(ErrTextHops(hops, f.wrapping.around(text)))
}

// forwardPort is the port of a server's end of its connection to the leader, as
// errors have it.
const forwardPort = "49152"

// Inject makes the server misbehave, in addition to what was injected before.
// It holds for requests read from now on.
func (s *Server) Inject(faults ...Fault) {
	s.owner.do(func(*serverState) { s.setFaults(s.faults.Load().with(faults)) })
}

// Heal removes all injected faults. It neither thaws nor restarts.
func (s *Server) Heal() {
	s.owner.do(func(*serverState) { s.setFaults(newFaultSet(nil)) })
}

// setFaults runs on the owner's goroutine.
func (s *Server) setFaults(next *faultSet) { close(s.faults.Swap(next).changed) }

// servesStreams waits while the server holds the streams that are opened. It returns
// false when the session has ended.
func (s *Server) servesStreams(ended <-chan struct{}) bool {
	for {
		now := s.faults.Load()
		if !now.holdsStreams() {
			return true
		}
		select {
		case <-now.changed:
		case <-ended:
			return false
		}
	}
}
