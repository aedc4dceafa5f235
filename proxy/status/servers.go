package status

import (
	"net/http"
	"slices"
	"sync/atomic"
)

// ending is that of an http.Server.
type ending struct {
	server *http.Server
	begun  chan struct{} // closed when it begins to shut down
}

// closed is closed when the server begins to shut down; nil: that is not known.
func (e *ending) closed() <-chan struct{} {
	if e == nil {
		return nil
	}
	return e.begun
}

// hasBegun reports whether the server shuts down, or has done so.
func (e *ending) hasBegun() bool {
	select {
	case <-e.begun:
		return true
	default:
		return false
	}
}

// mostServers bounds how many servers are told apart.
const mostServers = 64

// server is the ending of the server that a request has come to; nil: it is not known. A server
// that shuts down waits for requests that are under way, and tells their handlers nothing unless
// it was asked to. Those that have ended make room for others: an agent may start a new server
// whenever it is configured anew.
func (h *Handler) server(r *http.Request) *ending {
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if !ok {
		return nil
	}
	for {
		known := h.servers.Load()
		var list []*ending
		if known != nil {
			list = *known
		}
		if i := slices.IndexFunc(list, func(e *ending) bool { return e.server == server }); i >= 0 {
			return list[i]
		}
		if len(list) >= mostServers {
			list = slices.DeleteFunc(slices.Clone(list), (*ending).hasBegun)
		}
		if len(list) >= mostServers {
			return nil
		}
		e := &ending{server: server, begun: make(chan struct{})}
		next := append(slices.Clip(list), e)
		if h.servers.CompareAndSwap(known, &next) {
			server.RegisterOnShutdown(e.watch())
			return e
		}
	}
}

// watch is what the server calls each time when it is shut down.
func (e *ending) watch() func() {
	var called atomic.Bool
	return func() {
		if called.CompareAndSwap(false, true) {
			close(e.begun)
		}
	}
}
