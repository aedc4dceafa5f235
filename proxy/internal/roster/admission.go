package roster

import (
	"slices"

	"github.com/open-nomad/rpcproxy/internal/ipcheck"
	"github.com/open-nomad/rpcproxy/messages"
)

// ParseForeign reads the address of a server that the agent was told of by others: by a
// heartbeat, by discovery, or by the state file. One at which clouds serve credentials is a
// server's only if it was configured. The error is a *messages.AddrError.
func ParseForeign(addr string, configured func(messages.Server) bool) (messages.Server, error) {
	server, err := messages.ParseServer(addr)
	if err != nil || !ipcheck.MetadataHost(server.Addr) || configured(server) {
		return server, err
	}
	return messages.Server{}, &messages.AddrError{
		Input:  addr,
		Reason: "clouds serve the metadata of their machines there; it is used only if it is among the configured servers",
	}
}

// configured reports whether the configuration has named a server, or it was added by hand,
// and not been removed since.
func (r *Roster) configured(s messages.Server) bool {
	if slices.ContainsFunc(r.seeds, func(seed seed) bool { return !seed.withdrawn && seed.key == s.Key() }) {
		return true
	}
	e := r.list.find(s.Addr)
	return e != nil && e.listed && e.listedBy == messages.SourceManual
}
