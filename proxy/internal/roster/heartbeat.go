package roster

import (
	"fmt"

	"github.com/open-nomad/rpcproxy/internal/ipcheck"
	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/messages"
)

// VersionError is why a server was left out of a heartbeat's list: it speaks a
// newer RPC version than the agent.
type VersionError struct {
	Addr      string
	Version   int // its RPC major version
	Supported int // the agent's own
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("server %s speaks RPC version %d, newer than the agent's %d: upgrade the agent", printable.Quote(e.Addr, printable.MaxName), e.Version, e.Supported)
}

// maxNamed bounds how many servers one heartbeat may name. A region has a handful.
const maxNamed = 1024

// heartbeat takes the reply to a heartbeat. Node count, leader and TTL are always taken,
// also if the servers are refused. The server that answered is marked alive or
// leaderless.
func (r *Roster) heartbeat(now moment.Time, m messages.HeartbeatUpdate) {
	hasLeader := m.LeaderRPCAddr != ""
	// To an orphan any server is welcome: only a heartbeat with a leader may
	// take some away.
	leave := hasLeader || !r.quorum.orphaned() || r.list.len() > maxNamed
	was := r.list.front()
	from := m.From.Addr
	if from == "" && was.entry != nil {
		from = was.entry.server.Addr
	}
	r.numNodes, r.leader = max(m.NumNodes, 0), bounded(m.LeaderRPCAddr)
	r.quorum.heard(now, m.TTL, hasLeader)
	r.discovery.reached = true // a server answered it
	if hasLeader {
		r.discovery.answered(unanswered | leaderless | denied)
	} else {
		r.discovery.ask(leaderless)
	}
	answer(&r.shared.box, m.Reply, r.merge(now, m.Servers, from, leave))
	r.leave(was)
	r.restoreIfNoneAlive() // the server that carried it may be among those that come back
	r.hearLeader(now, from, hasLeader)
	r.list.prefer(was)
	r.verify(now)
}

// merge makes the servers of a heartbeat the primaries. If none of them can be
// used it changes nothing and answers an *UpdateError. from is the address of
// the server that carried the heartbeat.
func (r *Roster) merge(now moment.Time, infos []messages.ServerInfo, from string, leave bool) error {
	if len(infos) > maxNamed {
		r.warn(now, "heartbeat names too many servers: the first are taken", messages.Server{}, nil)
		infos = infos[:maxNamed]
	}
	if r.heartbeats.repeats(now, infos, r.list.edits) {
		return nil
	}
	members, leftOut := r.admit(now, infos)
	if len(members) == 0 {
		err := &messages.UpdateError{Offered: len(infos), Causes: leftOut}
		r.warn(now, "heartbeat refused", messages.Server{}, err)
		return err
	}
	r.replace(members, from, leave)
	clear(members) // drop the references
	if leave {
		r.heartbeats.remember(now, r.shared.namedBy(infos), r.list.edits, len(leftOut) > 0)
	}
	return nil
}

// replace makes the members primaries in place of those that are there.
func (r *Roster) replace(members []member, from string, leave bool) {
	named, untried := make(map[string]bool, len(members)), false
	for _, m := range members {
		named[m.server.Key()] = true
		e := r.list.find(m.server.Addr)
		untried = untried || e == nil || e.health == messages.Unknown
	}
	was := r.list.retaining()
	retain, retainsAny := r.list.toRetain(named, from, r.leader != "")
	if retainsAny && untried && leave && !was {
		r.list.promote(named)
	}
	r.list.setPrimaries(members, messages.SourceHeartbeat, leave, retain)
	if !was && r.list.retaining() {
		r.shared.box.log(Log{
			Level: Info, Message: "heartbeat names no server that is known to work: the former ones are kept until one of the new answers",
			Fields: Fields{Servers: len(members)},
		})
	}
}

// admit sorts out which of the servers can be used and why the others cannot. The members
// are valid until the next call.
func (r *Roster) admit(now moment.Time, infos []messages.ServerInfo) (members []member, leftOut []error) {
	members = r.shared.members[:0]
	for _, info := range infos {
		server, err := r.foreign(info.RPCAdvertiseAddr)
		if err != nil {
			leftOut = append(leftOut, err)
			r.warn(now, "heartbeat names a bad address: left out", messages.Server{Addr: info.RPCAdvertiseAddr}, err)
			continue
		}
		if info.RPCMajorVersion > r.shared.cfg.RPCMajorVersion {
			err := &VersionError{Addr: server.Addr, Version: info.RPCMajorVersion, Supported: r.shared.cfg.RPCMajorVersion}
			leftOut = append(leftOut, err)
			r.warn(now, "heartbeat names a server with a newer RPC version: left out", server, err)
			continue
		}
		members = append(members, member{server: server, datacenter: bounded(info.Datacenter)})
	}
	r.shared.members = members
	return members, leftOut
}

// mostAdmitted is how many addresses are remembered.
const mostAdmitted = 1024

// foreign is ParseForeign. It remembers what it says for all rosters alike.
func (r *Roster) foreign(addr string) (messages.Server, error) {
	s := r.shared
	if server, known := s.admitted[addr]; known {
		return server, nil
	}
	server, err := ParseForeign(addr, r.configured)
	if err == nil && s.known != nil && len(s.admitted) < mostAdmitted && !ipcheck.MetadataHost(server.Addr) {
		s.admitted[addr] = server
	}
	return server, err
}

// hearLeader takes the leader that a heartbeat from addr names. Unless the
// server is listed it means nothing.
func (r *Roster) hearLeader(now moment.Time, addr string, leader bool) {
	e := r.list.find(addr)
	switch {
	case e == nil:
	case leader:
		r.markAlive(e)
	default:
		active := e == r.list.active()
		if r.markLeaderless(e, nil) && active {
			r.stepBack(now, e, nil)
		}
		if e = r.list.active(); e.health == messages.Leaderless {
			r.reconnect(now, e)
		}
	}
}

// A heartbeat may replace every server by ones that this agent cannot reach: by
// addresses that are good inside the cluster only, or by a cluster that is not up
// yet. So servers that work do not leave for servers that were never seen to work: the
// former ones are retained, in front, until one of the new ones answers.

// verifications is how often in a row a heartbeat has the new servers probed;
// after that the regular rounds do.
const verifications = 4

// verify has the servers probed that are to replace the retained ones, a few times
// in a row; a round that is under way is waited for.
func (r *Roster) verify(now moment.Time) {
	switch {
	case !r.list.retaining():
		r.verified = 0
	case r.verified < verifications && !r.round.running:
		r.verified++
		r.beginRound(now, true) // agents that get the same list begin it together: their regular rounds must not follow together
	}
}

// releaseRetained takes out the servers that are listed only for want of one that works,
// as soon as one does: the retained ones and, if a heartbeat with a leader has named the
// one that works, those that worked before the last start.
func (r *Roster) releaseRetained() {
	if r.list.remembered == 0 && !r.list.retaining() {
		return
	}
	for _, e := range r.list.primaries {
		if e.retained || e.health != messages.Alive {
			continue
		}
		if r.list.retaining() {
			r.list.dismiss(func(e *entry) bool { return e.retained })
			r.list.prefer(front{}) // one of the new servers takes the calls
			r.shared.box.log(Log{Level: Info, Message: "a server in place of the former ones answers: they leave", Server: e.server})
		}
		if r.leader != "" && e.source == messages.SourceHeartbeat {
			r.list.forgetRemembered()
		}
		return
	}
}
