package roster

import (
	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// trouble is the present one. A server that was never tried is as good as
// any, unless it is there because another one failed.
func (r *Roster) trouble() trouble {
	switch e := r.list.active(); {
	case e == nil:
		return bare
	case e.health == messages.Failed:
		return lost
	case r.quorum.expired:
		return orphaned
	case e.health == messages.Leaderless:
		return noLeader
	case e.health == messages.Unknown && !r.episode.began.IsZero():
		return unsure
	}
	return calm
}

// logEpisode ends a step: it logs how the episode has changed.
func (r *Roster) logEpisode(now moment.Time) {
	e, t := &r.episode, r.trouble()
	if t == calm {
		if !e.began.IsZero() {
			r.shared.box.log(Log{
				Level: Info, Message: "recovered", Server: r.list.active().server, Source: r.list.source(r.list.active()),
				Fields: Fields{Failures: int(e.failures), Took: now.Sub(e.began)},
			})
			*e = episode{}
		}
		return
	}
	if e.began.IsZero() {
		e.began = now
	}
	if e.logged[t] {
		return
	}
	for lesser := calm; lesser <= t; lesser++ {
		e.logged[lesser] = true // on the way back from a worse one it is not logged
	}
	line := Log{Level: Warn, Fields: Fields{Servers: r.list.len()}}
	switch t {
	case lost:
		line.Message, line.Err = "lost: no server answers", r.list.failuresError()
	case bare:
		line.Message = "lost: no server is known"
		if r.shared.cfg.NoDiscovery {
			line.Message += " and nothing looks for one: it waits until one is named (SetServers, AddPrimary, AddBackup, a heartbeat)"
		}
	case orphaned:
		line.Message = "orphaned: no heartbeat with a leader for three lifetimes: looking for servers"
	case noLeader:
		line.Message = "no server knows a leader"
	default:
		return // the failover has been logged
	}
	r.shared.box.log(line)
}

// logFailover logs that former was left because of cause, and which server has taken
// over. Of the failovers of one episode the first matters.
func (r *Roster) logFailover(now moment.Time, former *entry, cause error) {
	e := &r.episode
	level := Warn
	if e.failures++; e.failures > 1 {
		level = Debug
	}
	if e.began.IsZero() {
		e.began = now
	}
	next := r.list.active()
	if next.health == messages.Failed {
		return // no server takes over: logEpisode logs that as lost
	}
	r.shared.box.log(Log{
		Level: level, Message: "failing over", Server: former.server, Next: next.server,
		Source: r.list.source(next), Err: cause,
	})
}
