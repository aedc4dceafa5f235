package sidecar

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Stats counts what a Sidecar did since it was started, and what it holds now.
type Stats struct {
	Connections    int    // of agents, now
	Tenants        int    // of these, the ones with connections to servers of their own
	Accepted       uint64 // connections that were taken
	Refused        uint64 // connections that were closed before they carried anything
	Calls          uint64 // of agents
	Streams        uint64 // streaming calls of agents
	Failed         uint64 // of both, those to which no server has answered
	ReverseCalls   uint64 // of servers
	ReverseStreams uint64
	RefusedStreams uint64 // streams that were too many on their connection
	RefusedBytes   uint64 // requests and answers that were refused because too much is held in memory
	HeldBytes      int64  // bytes held in memory for agents now
	BytesIn        uint64 // of agents
	BytesOut       uint64
	Panics         uint64 // of Config.Admit and the writers of logs, contained where they were called
}

// counts are the counters that Stats reads.
type counts struct {
	began                        time.Time
	conns, tenants               atomic.Int64
	accepted, refused, failed    atomic.Uint64
	reverseCalls, reverseStreams atomic.Uint64
}

// Stats reads the counters, one by one: they may be of different moments.
func (s *Sidecar) Stats() Stats {
	c, a := &s.counts, s.acceptor.Stats()
	return Stats{
		Connections: int(c.conns.Load()), Tenants: int(c.tenants.Load()),
		Accepted: c.accepted.Load(), Refused: c.refused.Load(),
		Calls: a.Calls, Streams: a.Streams, Failed: c.failed.Load(),
		ReverseCalls: c.reverseCalls.Load(), ReverseStreams: c.reverseStreams.Load(),
		RefusedStreams: a.Refused, RefusedBytes: a.RefusedBytes, HeldBytes: a.Bytes,
		BytesIn: a.BytesIn, BytesOut: a.BytesOut, Panics: a.Panics + s.queue.Panics(),
	}
}

// reason is a kind of log lines, of which there is one a minute at most.
type reason uint8

// The reasons.
const (
	reasonTooMany reason = iota
	reasonSlow
	reasonNotAdmitted
	reasonGreeting
	reasonAccept
	reasonFailed
	reasonHeartbeat
	reasons
)

var reasonTexts = [reasons]string{
	reasonTooMany:     "agents were refused: there are too many connections (Config.MaxConns)",
	reasonSlow:        "connections were closed that did not say in time what they are",
	reasonNotAdmitted: "connections were not admitted (Config.Admit)",
	reasonGreeting:    "connections were closed that are no agent's",
	reasonAccept:      "connections could not be accepted",
	reasonFailed:      "calls of agents failed to which no server has answered",
	reasonHeartbeat:   "the servers that a heartbeat names were not taken",
}

// notices say which lines were written when.
type notices [reasons]struct {
	unlogged atomic.Uint64
	logged   atomic.Int64 // since counts.began, in nanoseconds; 0: never
}

// notice logs that something happened, unless a line of the kind was written lately.
func (s *Sidecar) notice(why reason, server string, err error) {
	n := &s.notices[why]
	n.unlogged.Add(1)
	now, last := max(int64(time.Since(s.counts.began)), 1), n.logged.Load()
	if last != 0 && now-last < int64(noticePause) || !n.logged.CompareAndSwap(last, now) {
		return
	}
	line := s.log.Warn().Uint64("times", n.unlogged.Swap(0))
	if server != "" {
		line = line.Str("server", printable.Name(server))
	}
	line.Err(err).Msg(reasonTexts[why])
}

// refused closes a connection that carries nothing. It is counted when the peer sees that.
func (s *Sidecar) refused(conn net.Conn, why reason, err error) {
	s.counts.refused.Add(1)
	_ = conn.Close() // it may be closed already
	if why != reasonNotAdmitted || !s.cfg.AdmitLogs {
		s.notice(why, "", err)
	}
}

// admit asks Config.Admit.
func (s *Sidecar) admit(conn net.Conn) (err error) {
	if p := contain.Call(func() { err = s.cfg.Admit(conn) }); p != nil {
		s.log.Panicked("Config.Admit", p)
		return p
	}
	p, err := contain.Tame(err)
	s.log.Panicked("Config.Admit", p)
	return err
}
