package consultest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serve answers one request.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	dc := query.Get("dc")
	if dc == "" {
		dc = s.cfg.Datacenter
	}
	token := query.Get("token")
	if token == "" {
		token = r.Header.Get("X-Consul-Token")
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && token == "" {
		token = bearer
	}
	s.note(Request{Method: r.Method, Path: r.URL.Path, Query: query, Datacenter: dc, Token: token, Host: r.Host})
	f := s.match(r.URL.Path, dc)
	for _, h := range f.header {
		w.Header().Set(h[0], h[1])
	}
	switch f.kind {
	case faultAnswer:
		if f.status == http.StatusOK {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(f.status)
		_, _ = fmt.Fprint(w, f.text) // fails only when the client left
		return
	case faultRedirect:
		w.Header().Set("Location", f.text+r.URL.RequestURI())
		w.WriteHeader(f.status)
		return
	case faultHang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case faultSlow:
		wait := time.NewTimer(f.delay)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	case faultHuge:
		huge(w, f.size)
		return
	case faultGzip:
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		huge(zipped{w, z}, f.size)
		_ = z.Close() // fails only when the client left
		return
	case faultTrickle:
		trickle(w, r, f.delay)
		return
	case faultCut:
		w.Header().Set("Content-Length", "1000")
		_, _ = fmt.Fprint(w, `["dc1`)
		_ = http.NewResponseController(w).Flush() // fails only when the client left
		panic(http.ErrAbortHandler)
	}
	s.route(w, r, dc, token)
}

// huge sends a list of long texts until it has the size or the client has enough.
func huge(w http.ResponseWriter, size int64) {
	w.Header().Set("Content-Type", "application/json")
	piece := append(append([]byte(`"`), bytes.Repeat([]byte("a"), 64<<10)...), '"', ',')
	_, err := fmt.Fprint(w, "[")
	for sent := int64(0); sent < size && err == nil; sent += int64(len(piece)) {
		_, err = w.Write(piece)
	}
	if err == nil {
		_, _ = fmt.Fprint(w, `""]`)
	}
}

// zipped is an answer that is compressed.
type zipped struct {
	http.ResponseWriter
	z *gzip.Writer
}

func (z zipped) Write(b []byte) (int, error) { return z.z.Write(b) }

// trickle sends a blank now and then behind the beginning of a list.
func trickle(w http.ResponseWriter, r *http.Request, each time.Duration) {
	next := time.NewTicker(each)
	defer next.Stop()
	_, err := fmt.Fprint(w, "[")
	for err == nil {
		_ = http.NewResponseController(w).Flush() // fails only when the client left
		select {
		case <-next.C:
			_, err = fmt.Fprint(w, " ")
		case <-r.Context().Done():
			return
		}
	}
}

const (
	servicePath = "/v1/catalog/service/"
	healthPath  = "/v1/health/service/"
)

// route answers as a healthy agent.
func (s *Server) route(w http.ResponseWriter, r *http.Request, dc, token string) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "OPTIONS,GET")
		refuse(w, http.StatusMethodNotAllowed, "method "+r.Method+" not allowed")
		return
	}
	catalogue, query := s.catalogue.Load(), r.URL.Query()
	switch path := r.URL.Path; {
	case path == "/v1/catalog/datacenters": // known without a leader, and to anybody
		answer(w, catalogue.names())
	case strings.HasPrefix(path, servicePath):
		s.service(w, r, catalogue, dc, token, strings.TrimPrefix(path, servicePath),
			func(i Service) any { return i.entry(dc, catalogue.index) })
	case strings.HasPrefix(path, healthPath):
		passing := query.Has("passing")
		s.service(w, r, catalogue, dc, token, strings.TrimPrefix(path, healthPath), func(i Service) any {
			if passing && i.Status != "passing" {
				return nil
			}
			return i.health(dc, catalogue.index)
		})
	case path == "/v1/status/leader":
		leader := "127.0.0.1:8300"
		if catalogue.leaderless {
			leader = ""
		}
		answer(w, leader)
	case path == "/v1/agent/self":
		if !s.knows(token) {
			refuse(w, http.StatusForbidden, aclNotFound)
			return
		}
		answer(w, map[string]any{
			"Config": map[string]any{"Datacenter": s.cfg.Datacenter, "NodeName": "node", "NodeID": uuid("node"), "Server": true, "Version": "1.21.0"},
			"Member": map[string]any{"Name": "node", "Addr": "127.0.0.1", "Port": 8301, "Status": 1},
		})
	default:
		refuse(w, http.StatusNotFound, "Invalid URL path: not a recognized HTTP API endpoint")
	}
}

const aclNotFound = "ACL not found"

// knows reports whether a token, if one came, is the agent's.
func (s *Server) knows(token string) bool {
	return s.cfg.Token == "" || token == "" || token == s.cfg.Token || token == s.cfg.BlindToken
}

// service answers for a service, each instance as entry makes it; nil: it is left out.
// ACLs hide instances, which is no error; the answer to a token has the header
// X-Consul-Results-Filtered-By-ACLs (Consul 1.20.1, agent/http.go).
func (s *Server) service(
	w http.ResponseWriter, r *http.Request, catalogue *registry, dc, token, name string, entry func(Service) any,
) {
	query := r.URL.Query()
	stale, consistent := query.Has("stale"), query.Has("consistent")
	at := catalogue.find(dc)
	switch {
	case stale && consistent:
		refuse(w, http.StatusBadRequest, "Cannot specify ?stale with ?consistent, conflicting semantics.")
		return
	case name == "":
		refuse(w, http.StatusBadRequest, "Missing service name")
		return
	case at < 0:
		refuse(w, http.StatusInternalServerError, "No path to datacenter")
		return
	case !s.knows(token):
		refuse(w, http.StatusForbidden, aclNotFound)
		return
	case catalogue.leaderless && !stale:
		refuse(w, http.StatusInternalServerError, "No cluster leader")
		return
	}
	entries := []any{} // [] and not null
	for _, i := range catalogue.datacenters[at].matching(name, query["tag"]) {
		if e := entry(i); e != nil {
			entries = append(entries, e)
		}
	}
	h := w.Header()
	if s.cfg.Token != "" && token != s.cfg.Token {
		if token != "" && len(entries) > 0 {
			h.Set("X-Consul-Results-Filtered-By-ACLs", "true")
		}
		entries = entries[:0]
	}
	h.Set("X-Consul-Index", strconv.FormatUint(catalogue.index, 10))
	h.Set("X-Consul-KnownLeader", strconv.FormatBool(!catalogue.leaderless))
	h.Set("X-Consul-LastContact", "0")
	h.Set("X-Consul-Query-Backend", "blocking-query")
	switch {
	case stale:
		h.Set("X-Consul-Effective-Consistency", "stale")
	case consistent:
		h.Set("X-Consul-Effective-Consistency", "consistent")
	default:
		h.Set("X-Consul-Effective-Consistency", "leader")
	}
	answer(w, entries)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Vary", "Accept-Encoding")
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // only strings and numbers are answered
	}
	_, _ = w.Write(text) // fails only when the client left
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprint(w, text) // fails only when the client left
}
