package status

import (
	"net/http"
	"sync/atomic"
)

// ending is that of an http.Server, in a list of the servers that have called a handler.
type ending struct {
	server *http.Server
	begun  chan struct{} // closed when it begins to shut down
	next   *ending
}

// closed is closed when the server begins to shut down; nil: that is not known.
func (e *ending) closed() <-chan struct{} {
	if e == nil {
		return nil
	}
	return e.begun
}

// mostServers bounds how many servers are told apart.
const mostServers = 64

// server is the ending of the server that a request has come to; nil: it is not known. A server
// that shuts down waits for requests that are under way, and tells their handlers nothing unless
// it was asked to.
func (h *Handler) server(r *http.Request) *ending {
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if !ok {
		return nil
	}
	for {
		first, n := h.servers.Load(), 0
		for e := first; e != nil; e = e.next {
			if e.server == server {
				return e
			}
			n++
		}
		if n >= mostServers {
			return nil
		}
		e := &ending{server: server, begun: make(chan struct{}), next: first}
		if h.servers.CompareAndSwap(first, e) {
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
