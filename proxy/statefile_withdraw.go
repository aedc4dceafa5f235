package proxy

import (
	"slices"

	"github.com/open-nomad/rpcproxy/messages"
)

// withdraw takes out of the file what is no server of the view any more: servers that were
// replaced by hand must not come back with the next start. What takes their place is
// saved, as always, when a heartbeat has shown that it works.
func (s *stateFile) withdraw(view *messages.View) {
	if s.lists == nil || view.Epoch() == s.epoch {
		return
	}
	left := slices.DeleteFunc(slices.Clone(s.held), func(addr string) bool {
		return !view.Contains(messages.Server{Addr: addr})
	})
	if len(left) == len(s.held) {
		return
	}
	s.send(left)
}

// addrsOf is the addresses of servers, in the order of the file.
func addrsOf(servers []messages.Server) []string {
	addrs := make([]string, 0, len(servers))
	for _, s := range servers {
		addrs = append(addrs, s.Addr)
	}
	slices.Sort(addrs)
	return addrs
}
