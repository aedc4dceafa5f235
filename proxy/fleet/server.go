package fleet

import (
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// heartbeats is the servers of a heartbeat's answer, in an order of the server's own.
func (f *Fleet) heartbeats(a *agent) []messages.ServerInfo {
	f.infos = f.infos[:0]
	for i := range f.servers {
		if s := &f.servers[i]; f.cluster.Named(i) {
			f.infos = append(f.infos, messages.ServerInfo{RPCAdvertiseAddr: s.Addr, Datacenter: "dc1", RPCMajorVersion: 1})
		}
	}
	a.random().Shuffle(len(f.infos), func(i, j int) { f.infos[i], f.infos[j] = f.infos[j], f.infos[i] })
	return f.infos
}

// grant is the TTL that an agent gets: servers scale it so that the whole fleet does
// not send more than so many heartbeats a second, and add up to as much (Nomad 2.0.6,
// nomad/heartbeat.go).
func (f *Fleet) grant(a *agent) time.Duration {
	least := max(f.cfg.TTL, time.Duration(f.cfg.Nodes)*time.Second/time.Duration(f.cfg.Heartbeats))
	return least + a.upTo(least)
}

// noteBeat notes a heartbeat that the cluster has.
func (f *Fleet) noteBeat(a *agent) {
	if f.running() && f.markedDown(a) {
		f.missed++
	}
	a.lastBeat, a.ttl = f.now, f.grant(a)
}

// markedDown reports whether the cluster has marked a down since its last heartbeat.
func (f *Fleet) markedDown(a *agent) bool {
	return a.lastBeat > 0 && f.cluster.MarkedDown(a.lastBeat, a.ttl)
}
