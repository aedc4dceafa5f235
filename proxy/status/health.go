package status

import (
	"cmp"
	"fmt"
	"net/http"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/proxy"
)

// Health is the answer of /healthz.
type Health struct {
	Healthy     bool          `json:"healthy"`
	Why         string        `json:"why"`
	Active      string        `json:"active"` // address; empty: there is none
	UnservedFor proxy.Seconds `json:"unserved_for"`
	Limit       proxy.Seconds `json:"limit"` // of UnservedFor: the TTL of the last heartbeat, or Config.Unserved
}

// defaultUnserved is Config.Unserved where it is not given.
const defaultUnserved = 30 * time.Second

func (h *Handler) serveHealth(w http.ResponseWriter, r *http.Request) {
	health, status := h.health(), http.StatusOK
	if !health.Healthy {
		status = http.StatusServiceUnavailable
	}
	answer(w, r, status, kindJSON, append(encode(health), '\n'))
}

// health is that of the agent's way to the cluster.
func (h *Handler) health() Health {
	s := h.source.Snapshot()
	limit := cmp.Or(max(h.cfg.Unserved, 0), defaultUnserved)
	if s.Heartbeat != nil && s.Heartbeat.TTL > 0 {
		limit = s.Heartbeat.TTL.Duration()
	}
	now := Health{Active: s.Active, UnservedFor: s.UnservedFor, Limit: proxy.Seconds(limit)}
	switch ended := h.ended(); {
	case s.Fault != "":
		now.Why = "the proxy has ended: " + s.Fault
	case ended != "":
		now.Why = ended
	case !s.Unserved:
		now.Healthy, now.Why = true, s.Active+": "+s.Reason
	case s.UnservedFor.Duration() > limit:
		now.Why = fmt.Sprintf("no server has served the agent for %v, more than the limit of %v", s.UnservedFor.Duration().Round(time.Millisecond), limit)
	default:
		now.Healthy, now.Why = true, fmt.Sprintf("no server serves the agent, for %v so far; the limit is %v", s.UnservedFor.Duration().Round(time.Millisecond), limit)
	}
	return withoutTokens(now)
}

// ended is why the Proxy has ended; empty: it has not, or that is not known.
func (h *Handler) ended() string {
	select {
	case <-h.done:
	default:
		return ""
	}
	if s, ok := h.source.(interface{ Err() error }); ok {
		if err := s.Err(); err != nil && !contain.Is(err, proxy.ErrStopped) {
			return "the proxy has ended: " + printable.WithoutTokens(contain.Text(err))
		}
	}
	return "the proxy was stopped"
}
