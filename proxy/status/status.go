package status

import (
	"cmp"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/proxy"
)

// Source is what is shown; a *proxy.Proxy is one. If it has the methods Done, Err or Stats of a
// Proxy they are used as well.
type Source interface {
	Snapshot() proxy.Snapshot
	Explain() proxy.Explanation
}

// Config configures a Handler. The zero value works.
type Config struct {
	// Hosts are names and addresses, besides those of the loopback, under which the handler is
	// reached: a request whose Host header has another one is refused, so that no site can lead a
	// browser here under a name of its own (DNS rebinding). A port in them is ignored; one that is
	// neither a name nor an address, such as a URL, is passed over, and the refusal says so. At a
	// Unix socket every Host is answered.
	Hosts []string

	// Metrics is served at /metrics. nil: there is no such route.
	Metrics http.Handler

	// Unserved is how long no server may serve the agent until /healthz says so, while the last
	// heartbeat, if there was one, had no TTL. Zero means 30 s.
	Unserved time.Duration

	// Configuration is put into the archive, if it is not nil: any value, or a func() any that is
	// called for it each time. It is read by reflection when the archive is made, so it must not
	// be changed then; no method of it is called, and nothing in it that is named like a secret is
	// shown, nor bytes.
	Configuration any
}

// Handler answers requests about a Proxy. It has no goroutine of its own. Any number of
// goroutines may use it.
type Handler struct {
	cfg     Config
	source  Source
	hosts   map[string]bool
	noHost  string          // the first of Config.Hosts that is none
	done    <-chan struct{} // of the source; nil: it has none
	looked  atomic.Pointer[look]
	servers atomic.Pointer[[]*ending] // those that have called this handler; replaced, never changed
	streams chan struct{}             // one for each open stream of events
	answers chan struct{}             // one for each large answer that is under way
	bundles chan struct{}
}

// Bounds.
const (
	mostStreams = 32 // of events
	mostAnswers = 8  // JSON of everything, which may have several MiB
	mostBundles = 1
)

// New makes a Handler that shows p. It does not block. The handler need not be closed: its
// streams end when p does, when their http.Server shuts down, or when their clients leave. A nil
// p is shown as one that has ended.
func New(p Source, cfg Config) *Handler {
	h := &Handler{
		cfg: cfg, source: p, hosts: map[string]bool{},
		streams: make(chan struct{}, mostStreams), answers: make(chan struct{}, mostAnswers), bundles: make(chan struct{}, mostBundles),
	}
	if h.source == nil || contain.IsNil(p) {
		h.source = none{}
	}
	for _, name := range cfg.Hosts {
		if host, ok := hostOf(name); ok {
			h.hosts[host] = true
		} else {
			h.noHost = cmp.Or(h.noHost, printable.Quote(name, printable.MaxName))
		}
	}
	if s, ok := h.source.(interface{ Done() <-chan struct{} }); ok {
		h.done = s.Done()
	}
	return h
}

// ServeHTTP answers one request. It blocks for as long as a stream of events is open, else no
// longer than the client takes to read.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ending := h.server(r)
	setHeaders(w.Header())
	if !h.allowed(w, r) {
		return
	}
	if r.URL.Path == "" && redirected(w, r) {
		return
	}
	switch path := strings.TrimPrefix(r.URL.Path, "/"); path {
	case "snapshot.json":
		h.limited(w, h.answers, func() { h.serveSnapshot(w, r) })
	case "state.json":
		h.limited(w, h.answers, func() { h.serveState(w, r) })
	case "events":
		h.serveEvents(w, r, ending)
	case "healthz":
		h.serveHealth(w, r)
	case "metrics":
		h.serveMetrics(w, r)
	case "debug/bundle.zip":
		h.limited(w, h.bundles, func() { h.serveBundle(w, r) })
	default:
		servePage(w, r, path)
	}
}

// serveMetrics hands the request on.
func (h *Handler) serveMetrics(w http.ResponseWriter, r *http.Request) {
	if h.cfg.Metrics == nil {
		refuse(w, http.StatusNotFound, "there are no metrics here: set status.Config.Metrics")
		return
	}
	h.cfg.Metrics.ServeHTTP(w, r)
}

// limited answers if fewer than so many are under way.
func (h *Handler) limited(w http.ResponseWriter, slots chan struct{}, answer func()) {
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
		answer()
	default:
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusServiceUnavailable, "busy with other requests for this: try again in a second")
	}
}

// none is the source where there is none.
type none struct{}

func (none) Snapshot() proxy.Snapshot { return proxy.Snapshot{At: time.Now(), Fault: errNone} }
func (none) Explain() proxy.Explanation {
	return proxy.Explanation{At: time.Now()}
}

const errNone = "no proxy was given: give status.New one that was started"
