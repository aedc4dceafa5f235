package proxy

import (
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// mostSessions is how many sessions a Snapshot shows.
const mostSessions = 256

// Snapshot reads the state of the Proxy. It reads published state and counters: it waits for
// nothing, and nothing waits for it. It works on a Proxy that was stopped.
func (p *Proxy) Snapshot() Snapshot {
	now, snap := time.Now(), p.snap.Load()
	s := Snapshot{
		At: now, Started: p.board.began, Uptime: Seconds(now.Sub(p.board.began)), Build: build,
		Active: snap.active.Addr, Reason: snap.activeReason, Epoch: snap.view.Epoch(),
		NumNodes: snap.view.NumNodes(), Leader: shownLine(snap.view.LeaderAddr(), printable.MaxName),
		Heartbeat: p.tally.heartbeat.status(now.Sub(p.board.began)), Counts: p.counts(now), Moves: []MoveStatus{},
	}
	if snap.hasActive {
		s.ActiveSince = snap.front.since
	}
	if snap.fault != nil {
		s.Fault = printable.WithoutTokens(contain.ErrorText(snap.fault, maxText))
	}
	if u := p.tally.unserved.Load(); u != nil && !u.since.IsZero() {
		s.Unserved, s.UnservedFor = true, Seconds(max(now.Sub(u.since), 0))
	}
	if moves := p.tally.lastMoves.Load(); moves != nil {
		s.Moves = slices.Clone(*moves)
	}
	s.Servers = make([]ServerStatus, 0, snap.view.Len())
	for r := range snap.view.Ranking() {
		s.Servers = append(s.Servers, p.serverStatus(now, snap, &r))
	}
	s.Sessions, s.LeftOut = p.sessionStatus(now)
	s.Tenants = len(p.tenants.all())
	return s
}

// serverStatus is one server.
func (p *Proxy) serverStatus(now time.Time, snap *snapshot, r *messages.Ranked) ServerStatus {
	var q pool.Latency
	if p.pool != nil {
		q = p.pool.Latency(r.Server.Addr)
	} else {
		q = pool.Latency(p.times.Quantiles(r.Server.Addr, now.Sub(p.board.began)))
	}
	series := make([]Seconds, len(q.Series))
	for i, p50 := range q.Series {
		series[i] = Seconds(p50)
	}
	return ServerStatus{
		Addr: r.Server.Addr, Role: r.Role.String(), Health: r.Health.String(),
		Source: shownSource(r.Source), Active: snap.hasActive && r.Server.Addr == snap.active.Addr,
		Retained: r.Retained, Failures: r.Failures, Answered: q.Total,
		RTT: RTT{Count: q.Count, P50: Seconds(q.P50), P99: Seconds(q.P99), Series: series},
	}
}

// shownSource is a source as a Discoverer names it, printable and without a token.
func shownSource(s messages.Source) messages.Source {
	return messages.Source(printable.WithoutTokens(printable.Name(string(s))))
}

// sessionStatus is the sessions of the Proxy, then those of its Tenants.
func (p *Proxy) sessionStatus(now time.Time) (list []SessionStatus, leftOut int) {
	list = []SessionStatus{}
	if p.pool == nil {
		return list, 0
	}
	for i, from := range append([]*ownPool{p.pool}, p.tenants.all()...) {
		if len(list) == mostSessions {
			leftOut += from.Stats().Sessions
			continue
		}
		for _, st := range from.Sessions() {
			if len(list) == mostSessions {
				leftOut++
				continue
			}
			list = append(list, SessionStatus{
				Server: st.Server, ID: st.ID, Tenant: i > 0, State: st.State.String(), Since: st.Since,
				Age: Seconds(now.Sub(st.Since)), Quiet: Seconds(max(now.Sub(st.Heard), 0)), TLS: st.TLS,
				Doubt: st.State == pool.SessionSilent || st.State == pool.SessionNotServing,
				Calls: st.Calls, Streams: st.Streams, IncomingStreams: st.IncomingStreams, IdleStreams: st.IdleStreams,
				BytesIn: st.BytesIn, BytesOut: st.BytesOut,
			})
		}
	}
	return list, leftOut
}

// counts reads the counters.
func (p *Proxy) counts(now time.Time) Counts {
	t, st := &p.tally, p.Stats()
	c := Counts{
		Calls: map[CallOutcome]uint64{}, Moves: map[MoveReason]uint64{}, Rounds: map[RoundResult]uint64{},
		Retries: t.retries.Load(), RetryTokens: attempt.TokensLeft(p.calls.tokens.left.Load()).Retries(),
		Unserved: Seconds(t.unserved.Load().at(now)), Discoveries: []DiscoveryCount{},
		Panics: st.Panics, LostLines: st.LostLines, LostEvents: st.LostEvents,
		Pool: PoolCounts{
			InFlight: st.CallsInFlight, Dials: st.Dials, DialFailures: st.DialFailures, Pings: st.Pings,
			ReverseCalls: st.ReverseCalls, ReverseStreams: st.ReverseStreams, BytesIn: st.BytesIn, BytesOut: st.BytesOut,
		},
	}
	for i := range t.calls {
		c.Calls[callOutcomes[i]] = t.calls[i].Load()
	}
	for i := range t.moves {
		c.Moves[moveReasons[i]] = t.moves[i].Load()
	}
	for i := range t.rounds {
		c.Rounds[roundResults[i]] = t.rounds[i].Load()
	}
	if counts := t.discoveries.Load(); counts != nil {
		for _, d := range *counts {
			d.Source = shownSource(d.Source)
			c.Discoveries = append(c.Discoveries, d)
		}
	}
	return c
}

// status is the heartbeat at a time since the proxy began; nil: there was none.
func (h *lastHeartbeat) status(now time.Duration) *HeartbeatStatus {
	at := time.Duration(h.at.Load())
	if at == 0 {
		return nil
	}
	s := &HeartbeatStatus{Tenant: h.tenant.Load(), Age: Seconds(max(now-at, 0)), TTL: Seconds(h.ttl.Load())}
	if server := h.server.Load(); server != nil {
		s.Server = printable.Name(server.Addr)
	}
	if s.TTL > 0 {
		s.Margin = s.TTL - s.Age
	}
	if h.hasMargin.Load() {
		s.AtReply = Seconds(h.margin.Load())
	}
	return s
}

// build is what this program was built from.
var build = readBuild()

// modulePath is this module's.
const modulePath = "github.com/open-nomad/rpcproxy"

func readBuild() Build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Build{Version: "(devel)"}
	}
	b := Build{Version: "(devel)", Go: info.GoVersion}
	if info.Main.Path == modulePath && info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, d := range info.Deps {
		if d.Path == modulePath && d.Replace == nil && strings.HasPrefix(d.Version, "v") {
			b.Version = d.Version
		}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.Revision = s.Value
		}
	}
	return b
}
