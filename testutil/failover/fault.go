//go:build linux

package main

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// fault is something that happens to a server, or to the cluster.
type fault struct {
	name     string
	onLeader bool
	behind   bool          // it concerns the agents of the other servers, one of whose heartbeats is due
	silent   bool          // nothing but the lack of an answer tells of it
	hung     bool          // connections to it live on, so that who has no deadline waits until it is restarted
	lasts    time.Duration // at least
	limit    limit
	run      func(*rig, context.Context, fault, *harvest) error // once
	strike   func(*rig, *server, []*client) error               // of what one server suffers, which is what try runs
	heal     func(*rig, *server, []*client) error
}

// faultNamed is the fault with that name, which must be one of faultNames.
func faultNamed(name string) fault {
	f := fault{name: name, run: (*rig).try}
	switch name {
	case faultSIGINT:
		f.limit, f.strike, f.heal = inSight, end(syscall.SIGINT), restart
	case faultSIGKILL:
		f.limit, f.strike, f.heal = inSight, end(syscall.SIGKILL), restart
	case faultBlackHole:
		f.silent, f.limit, f.strike, f.heal = true, inSilence, cutOff, connect
	case faultOneWay:
		f.silent, f.limit, f.strike, f.heal = true, inSilence, loseOneWay, findAgain
	case faultSIGSTOP:
		f.silent, f.limit, f.lasts, f.strike, f.heal = true, inSilence, 62*time.Second, freeze, thaw
	case faultPingsOnly:
		f.silent, f.hung, f.limit, f.strike, f.heal = true, true, inSilence, hangs(hang{Calls: true}), restartHung
	case faultNoStream:
		f.silent, f.hung, f.limit, f.strike, f.heal = true, true, inSilence, hangs(hang{Streams: true}), restartHung
	case faultMethodHangs:
		f.silent, f.hung, f.limit, f.strike, f.heal = true, true, inSilence, hangs(hang{Method: "Node.UpdateStatus"}), restartHung
	case faultLeaderKill:
		f.onLeader, f.strike, f.heal = true, end(syscall.SIGKILL), restart
	case faultLeaderBlackHole:
		f.silent, f.onLeader, f.strike, f.heal = true, true, cutOff, connect
	case faultLeaderStop:
		f.onLeader, f.behind, f.limit, f.strike, f.heal = true, true, inElection, end(syscall.SIGINT), restart
	case faultLeaderTransfer:
		f.limit, f.run = inTransfer, (*rig).transfers
	case faultRoll:
		f.run = (*rig).roll // its limit is to miss nothing
	case faultRebalance:
		f.limit, f.run = inMotion, (*rig).wander
	}
	return f
}

// least is how long the fault lasts at least: a silent one long enough for a
// second heartbeat of every agent.
func (f fault) least(opt *options) time.Duration {
	if f.silent {
		return max(f.lasts, 2*opt.ttlMax)
	}
	return f.lasts
}

// end ends a server's process by a signal.
func end(sig syscall.Signal) func(*rig, *server, []*client) error {
	return func(r *rig, s *server, _ []*client) error {
		s.proc.signal(sig)
		s.peer.tell = nil
		r.raft.lose(s.peer, loss{orderly: sig == syscall.SIGINT})
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
	r.raft.lose(s.peer, loss{silent: true, awake: true})
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

// hangs has a server hang until it is restarted. The others do not notice: they do not call it.
func hangs(how hang) func(*rig, *server, []*client) error {
	return func(_ *rig, s *server, _ []*client) error {
		s.proc.send(order{Hang: &how})
		return nil
	}
}

// restartHung does what operators do to a server that hangs.
func restartHung(r *rig, s *server, attached []*client) error {
	if err := end(syscall.SIGKILL)(r, s, attached); err != nil {
		return err
	}
	return restart(r, s, attached)
}

func freeze(r *rig, s *server, _ []*client) error {
	s.frozen = time.Now()
	s.proc.signal(syscall.SIGSTOP)
	r.raft.lose(s.peer, loss{silent: true})
	return nil
}

func thaw(r *rig, s *server, _ []*client) error {
	s.proc.signal(syscall.SIGCONT)
	r.raft.regain(s.peer)
	return nil
}
