//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// rig is the whole set-up. One goroutine runs it: nothing here happens while it
// does not wait in await.
type rig struct {
	opt     *options
	lab     *lab
	raft    *raft
	servers []*server
	agents  []*client
	events  chan event
	logs    []io.Closer
	calls   []record // of servers to agents, since this was last emptied
	tails   []record // of logs that servers follow, likewise
	stalls  machine  // of the servers, and of this process
	calm    func()   // ends the watch limit the latter
}

// server is one of the three.
type server struct {
	name, addr string
	host       host
	peer       *peer
	proc       *process
	ready      bool
	frozen     time.Time // when it was last frozen, on purpose
}

const rpcPort = ":4647"

// newRig builds the network and starts all processes. It must be closed, also
// after an error.
func newRig(opt *options) (*rig, error) {
	r := &rig{opt: opt, raft: &raft{}, events: make(chan event, 1024)}
	r.calm = testutil.StartPulse(func(s testutil.Stall) {
		select { // one that is not heard of makes a figure worse, at most
		case r.events <- event{line: stalled(s)}:
		default:
		}
	})
	var err error
	if r.lab, err = newLab(); err != nil {
		return r, err
	}
	var addrs []string
	for i := range 3 {
		s := &server{name: fmt.Sprintf("s%d", i+1)}
		if s.host, err = r.lab.host(s.name, fmt.Sprintf("10.77.0.%d", 11+i)); err != nil {
			return r, err
		}
		s.addr = s.host.ip + rpcPort
		s.peer = &peer{info: testutil.ServerInfo{RPCAdvertiseAddr: s.addr, Datacenter: "dc1"}}
		r.raft.peers = append(r.raft.peers, s.peer)
		r.servers = append(r.servers, s)
		addrs = append(addrs, s.addr)
		if err := r.startServer(s); err != nil {
			return r, err
		}
	}
	for k, kind := range opt.clients {
		for i := range opt.agents {
			c := &client{name: fmt.Sprintf("%s%02d", kind, i+1), kind: kind, servers: strings.Join(addrs, ",")}
			if c.host, err = r.lab.host(c.name, fmt.Sprintf("10.77.%d.%d", k+1, i+1)); err != nil {
				return r, err
			}
			r.agents = append(r.agents, c) // also one that is started in part is ended
			if err := r.startAgent(c); err != nil {
				return r, err
			}
		}
	}
	r.raft.nodes = len(r.agents)
	return r, nil
}

// launch starts a process with a role and this run's options.
func (r *rig) launch(name string, h host, args ...string) (*process, error) {
	log := io.Writer(nil)
	if r.opt.logs != "" {
		f, err := os.OpenFile(filepath.Join(r.opt.logs, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return nil, err
		}
		r.logs = append(r.logs, f)
		log = f
	}
	return launch(h.space, r.events, log, append(args, "-name", name,
		"-ttl-min", r.opt.ttlMin.String(), "-ttl-max", r.opt.ttlMax.String(),
		"-grace", r.opt.grace.String(), "-drain", r.opt.drain.String())...)
}

// startServer starts a server's process; it is ready when it has printed so.
func (r *rig) startServer(s *server) (err error) {
	s.ready = false
	if s.proc, err = r.launch(s.name, s.host, "-role", roleServer, "-addr", s.addr); err != nil {
		return err
	}
	proc := s.proc
	s.peer.picture = testutil.Picture{}
	s.peer.tell = func(p testutil.Picture) { proc.send(order{Picture: &p}) }
	return nil
}

// take notes what a process printed, or that it has ended.
func (r *rig) take(e event) {
	if e.from == nil { // this process's own
		r.stalls = append(r.stalls, e.line.stall())
		return
	}
	e.from.ended = e.from.ended || e.ended
	for _, s := range r.servers {
		if s.proc != e.from {
			continue
		}
		switch {
		case e.ended:
			s.ready, s.peer.tell = false, nil
		case e.line.Kind == kindReady:
			s.ready = true
			r.raft.regain(s.peer)
		case e.line.Kind == kindStall && !frozen(e.line.stall(), s.frozen):
			r.stalls = append(r.stalls, e.line.stall())
		case e.line.Kind == kindCall:
			r.calls = append(r.calls, e.line)
		case e.line.Kind == kindTail:
			r.tails = append(r.tails, e.line)
		}
	}
	for _, c := range r.agents {
		c.take(e)
	}
}

// await lets time pass until holds reports true, at most for most. It returns
// false if it never did, or ctx ended.
func (r *rig) await(ctx context.Context, most time.Duration, holds func() bool) bool {
	limit := time.NewTimer(most)
	defer limit.Stop()
	for {
		r.raft.expire(time.Now())
		if holds() {
			return true
		}
		var due <-chan time.Time
		if at := r.raft.deadline(); !at.IsZero() {
			due = time.After(time.Until(at))
		}
		select {
		case e := <-r.events:
			r.take(e)
		case <-due:
		case <-limit.C:
			return holds()
		case <-ctx.Done():
			return false
		}
	}
}

// starved tells how much of the time since then the machine did not run this
// process and the servers, all together.
func (r *rig) starved(since time.Time) time.Duration {
	return testutil.Stalled(r.stalls, since, time.Now())
}

// rest lets time pass and returns false when ctx ended.
func (r *rig) rest(ctx context.Context, d time.Duration) bool {
	r.await(ctx, d, func() bool { return false })
	return ctx.Err() == nil
}

// close ends all processes and removes the network.
func (r *rig) close() {
	r.calm()
	var procs []*process
	for _, c := range r.agents {
		procs = append(procs, c.proc, c.side)
	}
	for _, s := range r.servers {
		procs = append(procs, s.proc)
	}
	for _, p := range procs {
		if p != nil {
			p.signal(syscall.SIGKILL) // also a frozen one
		}
	}
	r.agents = nil // their end is not reported
	r.await(context.Background(), 10*time.Second, func() bool {
		for _, p := range procs {
			if p != nil && !p.ended {
				return false
			}
		}
		return true
	})
	for _, l := range r.logs {
		_ = l.Close() // nothing more is written
	}
	if r.lab != nil {
		r.lab.remove()
	}
}
