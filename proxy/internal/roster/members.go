package roster

import (
	"errors"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// addPrimary adds a primary by hand. It is to stay, whatever discovery finds, and is
// a seed from then on.
func (r *Roster) addPrimary(now time.Time, m messages.AddPrimary) {
	server, err := messages.ParseServer(m.Addr)
	if err != nil {
		r.refuse(now, m.Reply.Awaited(), "primary to add refused", err)
		answer(&r.box, m.Reply, messages.AddResult{Err: err})
		return
	}
	e := r.list.addPrimary(server, messages.SourceManual)
	e.found, e.held = false, false
	r.addSeed(e.server)
	answer(&r.box, m.Reply, messages.AddResult{Server: e.server})
}

// setBackups replaces the backup set, all or nothing.
func (r *Roster) setBackups(now time.Time, m messages.SetBackups) {
	servers, err := parseAll(m.Addrs)
	if err == nil {
		r.list.setBackups(servers)
	} else {
		r.refuse(now, m.Reply.Awaited(), "backups to set refused", err)
	}
	answer(&r.box, m.Reply, err)
}

// addBackup adds to the backup set, all or nothing.
func (r *Roster) addBackup(now time.Time, m messages.AddBackup) {
	servers, err := parseAll(m.Addrs)
	if err == nil {
		r.list.addBackups(servers)
		r.list.forgetNames()
	} else {
		r.refuse(now, m.Reply.Awaited(), "backups to add refused", err)
	}
	answer(&r.box, m.Reply, err)
}

// removeServer takes a server out of everything but the seeds.
func (r *Roster) removeServer(m messages.RemoveServer) {
	e := r.list.find(m.Server.Addr)
	if e != nil {
		r.list.remove(e)
	}
	r.dropSeed(m.Server.Addr)
	answer(&r.box, m.Reply, e != nil)
}

// refuse logs that a message was refused, which its sender does not learn of unless
// the answer is awaited. The same refusal is not logged again for a while.
func (r *Roster) refuse(now time.Time, awaited bool, message string, err error) {
	if !awaited && r.warnings.allow(now, warning{what: message, addr: bounded(err.Error())}) {
		r.box.command(Log{Level: Warn, Message: message + ": the list stays as it was", Err: err})
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
