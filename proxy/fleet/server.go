package fleet

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// connect is the result of a's dial to a server, limited to limit. A server
// completes handshakes one after the other, also those that are given up meanwhile.
func (f *Fleet) connect(a *agent, n int16, limit time.Duration) (how uint32, after time.Duration) {
	s := &f.servers[n]
	switch {
	case !s.up:
		f.count(s.failed)
		return refused, s.rtt
	case !f.reaches(a, n):
		f.count(s.failed)
		return timedOut, limit
	}
	f.count(s.dials)
	done := f.now + s.rtt/2
	if f.cfg.Handshakes > 0 {
		done = max(done, s.free) + time.Second/time.Duration(f.cfg.Handshakes)
		s.free = done
	}
	if took := done + s.rtt/2 + s.rtt - f.now; took <= limit { // the last one is the first ping's
		return made, took
	}
	return timedOut, limit
}

// heartbeats is the servers of a heartbeat's answer, in an order of the server's own.
func (f *Fleet) heartbeats(a *agent) []messages.ServerInfo {
	f.infos = f.infos[:0]
	for i := range f.servers {
		if s := &f.servers[i]; s.named {
			f.infos = append(f.infos, messages.ServerInfo{RPCAdvertiseAddr: s.Addr, Datacenter: "dc1", RPCMajorVersion: 1})
		}
	}
	a.random().Shuffle(len(f.infos), func(i, j int) { f.infos[i], f.infos[j] = f.infos[j], f.infos[i] })
	return f.infos
}

// grant is the TTL that an agent gets: servers scale it so that the whole fleet does
// not send more than so many heartbeats a second (Nomad 2.0.6, nomad/heartbeat.go).
func (f *Fleet) grant(a *agent) time.Duration {
	least := max(f.cfg.TTL, time.Duration(f.cfg.Nodes)*time.Second/time.Duration(f.cfg.Heartbeats))
	return least + a.upTo(least)
}
