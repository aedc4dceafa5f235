package roster

import (
	"errors"

	"github.com/open-nomad/rpcproxy/internal/moment"
	"github.com/open-nomad/rpcproxy/messages"
)

// addPrimary adds a primary by hand. It is to stay, whatever discovery finds, and is
// a seed from then on.
func (r *Roster) addPrimary(now moment.Time, m messages.AddPrimary) {
	server, err := messages.ParseServer(m.Addr)
	if err != nil {
		r.refuse(now, m.Reply.Awaited(), "primary to add refused", err)
		answer(&r.shared.box, m.Reply, messages.AddResult{Err: err})
		return
	}
	e := r.list.addPrimary(server, messages.SourceManual)
	e.found, e.retained = false, false
	r.addSeed(e)
	answer(&r.shared.box, m.Reply, messages.AddResult{Server: e.server})
}

// setServers makes the servers of a message the primaries, and the seeds. No former
// server is retained: the sender has decided. Those that are primaries already keep their
// places; the others stand behind them in the order of the policy, since many agents
// may get the same list.
func (r *Roster) setServers(now moment.Time, m messages.SetServers) {
	servers, err := parseAll(m.Addrs)
	if err == nil && len(servers) == 0 {
		err = messages.ErrNoAddrs
	}
	if err != nil {
		r.refuse(now, m.Reply.Awaited(), "servers to set refused", err)
		answer(&r.shared.box, m.Reply, err)
		return
	}
	r.list.forgetRemembered() // what worked before the last start is not what the sender has decided
	was, before := r.list.front(), len(r.list.primaries)
	members, joining := r.setMembers(servers)
	r.list.setPrimaries(members, messages.SourceManual, true, retainNone)
	r.list.prefer(was)
	if joining > 0 || len(r.list.primaries) != before || !r.seededBy(servers) {
		r.shared.box.log(Log{Level: Info, Message: "servers set by hand", Fields: Fields{Servers: len(r.list.primaries)}})
	}
	r.seeds = r.seeds[:0]
	for _, e := range r.list.primaries {
		r.seeds = append(r.seeds, seed{about: r.list.known.about(seedOf(e, messages.SourceManual))})
	}
	answer(&r.shared.box, m.Reply, nil)
}

// setMembers is the servers as members, those that are to join the primaries in
// the order of the policy, and how many these are.
func (r *Roster) setMembers(servers []messages.Server) (members []member, joining int) {
	var join []*entry
	for _, s := range servers {
		e := r.list.find(s.Addr)
		switch {
		case e == nil:
			a := aboutServer(s)
			join = append(join, newEntry(&a))
		case r.list.isBackup(e):
			join = append(join, newEntry(e.about))
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

// setBackups replaces the backup set, all or nothing.
func (r *Roster) setBackups(now moment.Time, m messages.SetBackups) {
	servers, err := parseAll(m.Addrs)
	if err == nil {
		r.list.setBackups(servers)
	} else {
		r.refuse(now, m.Reply.Awaited(), "backups to set refused", err)
	}
	answer(&r.shared.box, m.Reply, err)
}

// addBackup adds to the backup set, all or nothing.
func (r *Roster) addBackup(now moment.Time, m messages.AddBackup) {
	servers, err := parseAll(m.Addrs)
	if err == nil {
		r.list.addBackups(servers)
		r.list.forgetNames()
	} else {
		r.refuse(now, m.Reply.Awaited(), "backups to add refused", err)
	}
	answer(&r.shared.box, m.Reply, err)
}

// removeServer takes a server out of everything but the seeds.
func (r *Roster) removeServer(m messages.RemoveServer) {
	e := r.list.find(m.Server.Addr)
	if e != nil {
		r.list.remove(e)
	}
	r.dropSeed(m.Server.Addr)
	answer(&r.shared.box, m.Reply, e != nil)
}

// Parse reads addresses; bad has an error for each that is none.
func Parse(addrs []string) (servers []messages.Server, bad []*messages.AddrError) {
	servers = make([]messages.Server, 0, len(addrs))
	for _, addr := range addrs {
		server, err := messages.ParseServer(addr)
		if e, isBad := errors.AsType[*messages.AddrError](err); isBad {
			bad = append(bad, e)
		} else {
			servers = append(servers, server)
		}
	}
	return servers, bad
}

// parseAll is Parse, all or nothing.
func parseAll(addrs []string) ([]messages.Server, error) {
	servers, bad := Parse(addrs)
	if len(bad) > 0 {
		return nil, &messages.AddrsError{Errs: bad}
	}
	return servers, nil
}
