//go:build linux

package main

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

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
