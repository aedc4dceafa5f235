package roster

import (
	"slices"

	"github.com/open-nomad/rpcproxy/messages"
)

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

// dropSeed records that a server was removed by hand. One that was added by hand
// is forgotten.
func (r *Roster) dropSeed(addr string) {
	r.seeds = slices.DeleteFunc(r.seeds, func(seed seed) bool { return seed.added && seed.server.Addr == addr })
	for i := range r.seeds {
		if r.seeds[i].server.Addr == addr {
			r.seeds[i].withdrawn = true
		}
	}
}

// restoreSeeds adds the seeds to the primaries, except those that are withdrawn:
// as retained ones, or to stay.
func (r *Roster) restoreSeeds(retained bool) {
	joins := r.list.joins
	for _, seed := range r.seeds {
		if seed.withdrawn {
			continue
		}
		e := r.list.find(seed.server.Addr)
		if e == nil || r.list.isBackup(e) {
			e = r.list.addPrimary(seed.server, seed.source)
			e.retained, e.joined = retained, false
		}
		e.found = false
	}
	r.list.joins = joins // the cluster has not grown
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
