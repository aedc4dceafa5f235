//go:build linux

package main

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// fault is something that happens to one server.
type fault struct {
	name     string
	onLeader bool
	silent   bool          // nothing but the lack of an answer tells of it
	lasts    time.Duration // at least
	limit    limit
	strike   func(*rig, *server, []*client) error
	heal     func(*rig, *server, []*client) error
}

// faults are those that one server suffers; roll is for all of them.
var faults = []fault{
	{name: faultSIGINT, limit: inSight, strike: end(syscall.SIGINT), heal: restart},
	{name: faultSIGKILL, limit: inSight, strike: end(syscall.SIGKILL), heal: restart},
	{name: faultBlackHole, silent: true, limit: inSilence, strike: cutOff, heal: connect},
	{name: faultOneWay, silent: true, limit: inSilence, strike: loseOneWay, heal: findAgain},
	{name: faultSIGSTOP, silent: true, limit: inSilence, lasts: 62 * time.Second, strike: freeze, heal: thaw},
	{name: faultLeaderKill, onLeader: true, strike: end(syscall.SIGKILL), heal: restart},
	{name: faultLeaderBlackHole, silent: true, onLeader: true, strike: cutOff, heal: connect},
}

// least is how long the fault lasts at least: a silent one long enough for a
// second heartbeat of every agent.
func (f fault) least(opt *options) time.Duration {
	if f.silent {
		return max(f.lasts, 2*opt.ttlMax)
	}
	return f.lasts
}

// faultNamed is the fault with that name.
func faultNamed(name string) (fault, bool) {
	for _, f := range faults {
		if f.name == name {
			return f, true
		}
	}
	return fault{}, false
}

// end ends a server's process by a signal.
func end(sig syscall.Signal) func(*rig, *server, []*client) error {
	return func(r *rig, s *server, _ []*client) error {
		s.proc.signal(sig)
		s.peer.tell = nil
		r.raft.lose(s.peer, false, false)
		return nil
	}
}

// restart starts the process again; it takes part once it is ready.
func restart(r *rig, s *server, _ []*client) error {
	if !r.await(context.Background(), time.Minute, func() bool { return s.proc.over }) {
		return fmt.Errorf("%s does not end", s.name)
	}
	return r.startServer(s)
}

func cutOff(r *rig, s *server, _ []*client) error {
	r.raft.lose(s.peer, true, true)
	return r.lab.unplug(s.host)
}

func connect(r *rig, s *server, _ []*client) error {
	r.raft.regain(s.peer)
	return r.lab.plug(s.host)
}

// loseOneWay concerns nobody but the agents: to the others the server is fine.
func loseOneWay(_ *rig, s *server, attached []*client) error {
	for _, c := range attached {
		if err := misdirect(c.host, s.host.ip); err != nil {
			return err
		}
	}
	return nil
}

func findAgain(_ *rig, s *server, attached []*client) error {
	for _, c := range attached {
		if err := direct(c.host, s.host.ip); err != nil {
			return err
		}
	}
	return nil
}

func freeze(r *rig, s *server, _ []*client) error {
	s.frozen = time.Now()
	s.proc.signal(syscall.SIGSTOP)
	r.raft.lose(s.peer, true, false)
	return nil
}

func thaw(r *rig, s *server, _ []*client) error {
	s.proc.signal(syscall.SIGCONT)
	r.raft.regain(s.peer)
	return nil
}
