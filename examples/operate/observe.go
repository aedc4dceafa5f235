package operate

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/status"
)

// slowCalls is an observer: it tells of calls that took long, and of failovers.
type slowCalls struct {
	limit time.Duration
	tell  func(string)
}

func (s slowCalls) CallStart(ctx context.Context, _ proxy.CallInfo) context.Context { return ctx }

func (s slowCalls) CallEnd(_ context.Context, e proxy.CallEnd) {
	if e.Duration > s.limit {
		s.tell(fmt.Sprintf("%s %s after %d attempts", e.Method, e.Outcome, e.Attempts))
	}
}

func (s slowCalls) Moved(e proxy.MoveEvent) {
	if e.Reason.Failover() {
		s.tell(fmt.Sprintf("failover: %s", e.Reason))
	}
}

// startSeen starts a proxy that an observer watches, and shows it below /nomad/ of mux.
func startSeen(servers []string, mux *http.ServeMux, tell func(string)) (*proxy.Proxy, error) {
	p, err := proxy.Start(proxy.Config{Servers: servers, Observers: []proxy.Observer{slowCalls{time.Second, tell}}})
	if err != nil {
		return nil, err
	}
	mux.Handle("/nomad/", http.StripPrefix("/nomad", status.New(p, status.Config{})))
	return p, nil
}
