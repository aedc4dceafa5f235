package roster

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// seed is a server to begin with: of the configuration, or given by hand. The seeds
// are a discovery that is always there: heartbeats override them, an orphan gets
// them back.
type seed struct {
	server    messages.Server
	source    messages.Source
	added     bool // by AddPrimary, beside the others
	withdrawn bool // removed by hand: a round that finds nobody does not bring it back
}

// maxAdded bounds the seeds that are added one by one: of an agent that adds its
// servers' changing addresses all its life, the last ones stay.
const maxAdded = 64

// addSeed makes a server that was added by hand a seed.
func (r *Roster) addSeed(s messages.Server) {
	for i := range r.seeds {
		if r.seeds[i].server.Addr == s.Addr {
			r.seeds[i].withdrawn = false
			return
		}
	}
	added := 0
	for _, seed := range r.seeds {
		if seed.added {
			added++
		}
	}
	if added >= maxAdded {
		oldest := slices.IndexFunc(r.seeds, func(seed seed) bool { return seed.added })
		r.seeds = slices.Delete(r.seeds, oldest, oldest+1)
	}
	r.seeds = append(r.seeds, seed{server: s, source: messages.SourceManual, added: true})
}

// dropSeed takes note that a server was removed by hand. One that was added by hand
// is forgotten.
func (r *Roster) dropSeed(addr string) {
	r.seeds = slices.DeleteFunc(r.seeds, func(seed seed) bool { return seed.added && seed.server.Addr == addr })
	for i := range r.seeds {
		if r.seeds[i].server.Addr == addr {
			r.seeds[i].withdrawn = true
		}
	}
}

// restoreSeeds adds the seeds to the primaries, except those that are withdrawn; to
// be held, or to stay.
func (r *Roster) restoreSeeds(held bool) {
	joins := r.list.joins
	for _, seed := range r.seeds {
		if seed.withdrawn {
			continue
		}
		e := r.list.find(seed.server.Addr)
		if e == nil || r.list.isBackup(e) {
			e = r.list.addPrimary(seed.server, seed.source)
			e.held, e.joined = held, false
		}
		e.found = false
	}
	r.list.joins = joins // nobody has grown the cluster
}

// setServers makes the servers of a message the primaries, and the seeds. What works
// is not held: who sends it has decided. Those that are primaries already keep their
// places; the others stand behind them in the order of the policy, since many agents
// may be told the same list.
func (r *Roster) setServers(now time.Time, m messages.SetServers) {
	servers, err := parseAll(m.Addrs)
	if err == nil && len(servers) == 0 {
		err = messages.ErrNoAddrs
	}
	if err != nil {
		r.refuse(now, m.Reply.Awaited(), "servers to set refused", err)
		answer(&r.box, m.Reply, err)
		return
	}
	was, before := r.list.front(), len(r.list.primaries)
	members, joining := r.setMembers(servers)
	r.list.setPrimaries(members, messages.SourceManual, true, nobodyHeld)
	r.list.prefer(was)
	if joining > 0 || len(r.list.primaries) != before || !r.seededBy(servers) {
		r.box.command(Log{Level: Info, Message: "servers set by hand", Fields: Fields{Servers: len(r.list.primaries)}})
	}
	r.seeds = r.seeds[:0]
	for _, e := range r.list.primaries {
		r.seeds = append(r.seeds, seed{server: e.server, source: messages.SourceManual})
	}
	answer(&r.box, m.Reply, nil)
}

// setMembers is the servers as members, those that are to join the primaries in
// the order of the policy, and how many these are.
func (r *Roster) setMembers(servers []messages.Server) (members []member, joining int) {
	var join []*entry
	for _, s := range servers {
		e := r.list.find(s.Addr)
		switch {
		case e == nil:
			join = append(join, &entry{server: s})
		case r.list.isBackup(e):
			join = append(join, &entry{server: e.server, datacenter: e.datacenter})
		default:
			members = append(members, member{server: e.server, datacenter: e.datacenter})
		}
	}
	join = r.ordered(join)
	for _, e := range join {
		members = append(members, member{server: e.server, datacenter: e.datacenter})
	}
	return members, len(join)
}

// seededBy reports whether servers are the seeds.
func (r *Roster) seededBy(servers []messages.Server) bool {
	is := func(s messages.Server) func(seed) bool {
		return func(seed seed) bool { return seed.server.Addr == s.Addr && !seed.withdrawn }
	}
	distinct := 0
	for i, s := range servers {
		if !slices.ContainsFunc(r.seeds, is(s)) {
			return false
		}
		if !slices.ContainsFunc(servers[:i], func(o messages.Server) bool { return o.Addr == s.Addr }) {
			distinct++
		}
	}
	return distinct == len(r.seeds)
}
