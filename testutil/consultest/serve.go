package testutil

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serve answers one request.
func (c *Consul) serve(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	dc := query.Get("dc")
	if dc == "" {
		dc = c.cfg.Datacenter
	}
	token := query.Get("token")
	if token == "" {
		token = r.Header.Get("X-Consul-Token")
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && token == "" {
		token = bearer
	}
	c.note(ConsulRequest{Method: r.Method, Path: r.URL.Path, Query: query, Datacenter: dc, Token: token, Host: r.Host})
	f := c.strike(r.URL.Path, dc)
	switch f.kind {
	case consulAnswer:
		if f.status == http.StatusOK {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(f.status)
		_, _ = fmt.Fprint(w, f.text) // fails only when the client left
		return
	case consulRedirect:
		w.Header().Set("Location", f.text+r.URL.RequestURI())
		w.WriteHeader(f.status)
		return
	case consulHang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case consulSlow:
		wait := time.NewTimer(f.delay)
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	case consulHuge:
		huge(w, f.size)
		return
	case consulCut:
		w.Header().Set("Content-Length", "1000")
		_, _ = fmt.Fprint(w, `["dc1`)
		_ = http.NewResponseController(w).Flush() // fails only when the client left
		panic(http.ErrAbortHandler)
	}
	c.route(w, r, dc, token)
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

const (
	consulServicePath = "/v1/catalog/service/"
	consulHealthPath  = "/v1/health/service/"
)

// route is what a healthy agent does.
func (c *Consul) route(w http.ResponseWriter, r *http.Request, dc, token string) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "OPTIONS,GET")
		refuseConsul(w, http.StatusMethodNotAllowed, "method "+r.Method+" not allowed")
		return
	}
	catalogue, query := c.catalogue.Load(), r.URL.Query()
	switch path := r.URL.Path; {
	case path == "/v1/catalog/datacenters": // known without a leader, and to anybody
		answerConsul(w, catalogue.names())
	case strings.HasPrefix(path, consulServicePath):
		c.service(w, r, catalogue, dc, token, strings.TrimPrefix(path, consulServicePath),
			func(s ConsulService) any { return s.entry(dc, catalogue.index) })
	case strings.HasPrefix(path, consulHealthPath):
		passing := query.Has("passing")
		c.service(w, r, catalogue, dc, token, strings.TrimPrefix(path, consulHealthPath), func(s ConsulService) any {
			if passing && s.Status != "passing" {
				return nil
			}
			return s.health(dc, catalogue.index)
		})
	case path == "/v1/status/leader":
		leader := "127.0.0.1:8300"
		if catalogue.leaderless {
			leader = ""
		}
		answerConsul(w, leader)
	case path == "/v1/agent/self":
		if !c.knows(token) {
			refuseConsul(w, http.StatusForbidden, aclNotFound)
			return
		}
		answerConsul(w, map[string]any{
			"Config": map[string]any{"Datacenter": c.cfg.Datacenter, "NodeName": "node", "NodeID": uuid("node"), "Server": true, "Version": "1.21.0"},
			"Member": map[string]any{"Name": "node", "Addr": "127.0.0.1", "Port": 8301, "Status": 1},
		})
	default:
		refuseConsul(w, http.StatusNotFound, "Invalid URL path: not a recognized HTTP API endpoint")
	}
}

const aclNotFound = "ACL not found"

// knows tells whether a token, if one came, is the agent's.
func (c *Consul) knows(token string) bool {
	return c.cfg.Token == "" || token == "" || token == c.cfg.Token || token == c.cfg.BlindToken
}

// service answers for a service, each instance as entry makes it; nil: it is left out.
// ACLs hide what they do not let see, which is
// no error; only a token is told that there is something it may not see.
func (c *Consul) service(
	w http.ResponseWriter, r *http.Request, catalogue *consulCatalogue, dc, token, name string, entry func(ConsulService) any,
) {
	query := r.URL.Query()
	stale, consistent := query.Has("stale"), query.Has("consistent")
	at := catalogue.find(dc)
	switch {
	case stale && consistent:
		refuseConsul(w, http.StatusBadRequest, "Cannot specify ?stale with ?consistent, conflicting semantics.")
		return
	case name == "":
		refuseConsul(w, http.StatusBadRequest, "Missing service name")
		return
	case at < 0:
		refuseConsul(w, http.StatusInternalServerError, "No path to datacenter")
		return
	case !c.knows(token):
		refuseConsul(w, http.StatusForbidden, aclNotFound)
		return
	case catalogue.leaderless && !stale:
		refuseConsul(w, http.StatusInternalServerError, "No cluster leader")
		return
	}
	entries := []any{} // [] and not null
	for _, s := range catalogue.datacenters[at].matching(name, query["tag"]) {
		if e := entry(s); e != nil {
			entries = append(entries, e)
		}
	}
	h := w.Header()
	if c.cfg.Token != "" && token != c.cfg.Token {
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
	answerConsul(w, entries)
}

func answerConsul(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Vary", "Accept-Encoding")
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // only strings and numbers are answered
	}
	_, _ = w.Write(text) // fails only when the client left
}

func refuseConsul(w http.ResponseWriter, status int, text string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprint(w, text) // fails only when the client left
}
