package roster

import (
	"errors"

	"github.com/open-nomad/rpcproxy/messages"
)

// addPrimary adds a primary by hand.
func (r *Roster) addPrimary(m messages.AddPrimary) {
	server, err := messages.ParseServer(m.Addr)
	if err != nil {
		answer(&r.box, m.Reply, messages.AddResult{Err: err})
		return
	}
	server = r.addByHand(server)
	r.withdraw(server.Addr, false)
	answer(&r.box, m.Reply, messages.AddResult{Server: server})
}

// addByHand makes a server a primary that is to stay, whatever discovery finds.
func (r *Roster) addByHand(s messages.Server) messages.Server {
	e := r.list.addPrimary(s, messages.SourceManual)
	e.found, e.held = false, false
	return e.server
}

// addBackup replaces the backup set, all or nothing.
func (r *Roster) addBackup(m messages.AddBackup) {
	servers, err := parseAll(m.Addrs)
	if err == nil {
		r.list.setBackups(servers)
	}
	answer(&r.box, m.Reply, err)
}

// removeServer takes a server out of everything but the configuration.
func (r *Roster) removeServer(m messages.RemoveServer) {
	e := r.list.find(m.Server.Addr)
	if e != nil {
		r.list.remove(e)
	}
	r.withdraw(m.Server.Addr, true)
	answer(&r.box, m.Reply, e != nil)
}

// withdraw notes whether a configured server has been removed by hand.
func (r *Roster) withdraw(addr string, withdrawn bool) {
	for i := range r.configured {
		if r.configured[i].server.Addr == addr {
			r.configured[i].withdrawn = withdrawn
		}
	}
}

// restoreConfigured adds the configured servers to the primaries, except those
// that are withdrawn; to be held, or to stay.
func (r *Roster) restoreConfigured(held bool) {
	for _, c := range r.configured {
		if c.withdrawn {
			continue
		}
		e := r.list.find(c.server.Addr)
		if e == nil || r.list.isBackup(e) {
			e = r.list.addPrimary(c.server, messages.SourceConfig)
			e.held = held
		}
		e.found = false
	}
}

// parseAll reads every address, or answers an *AddrsError that names each bad
// one.
func parseAll(addrs []string) ([]messages.Server, error) {
	servers := make([]messages.Server, 0, len(addrs))
	var bad []*messages.AddrError
	for _, addr := range addrs {
		server, err := messages.ParseServer(addr)
		if e, ok := errors.AsType[*messages.AddrError](err); ok {
			bad = append(bad, e)
			continue
		}
		servers = append(servers, server)
	}
	if len(bad) > 0 {
		return nil, &messages.AddrsError{Errs: bad}
	}
	return servers, nil
}
