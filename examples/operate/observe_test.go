package operate

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestAFailoverIsToldAndShown(t *testing.T) {
	first, second := startServer(t, testutil.ServerConfig{}), startServer(t, testutil.ServerConfig{})
	told, mux := make(chan string, 16), http.NewServeMux()
	p, err := startSeen([]string{first.Addr(), second.Addr()}, mux, func(s string) { told <- s })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(context.Background()) })
	if err := p.Call(t.Context(), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	front, _ := p.FindServer()
	for _, s := range []*testutil.Server{first, second} {
		if s.Addr() == front.Addr {
			s.Kill()
		}
	}
	if got := <-told; got != "failover: "+string(proxy.MoveBroken) {
		t.Error(got)
	}
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/nomad/snapshot.json", http.NoBody))
	if got := answer.Body.String(); answer.Code != http.StatusOK || !strings.Contains(got, `"connection_lost"`) {
		t.Errorf("%d, %s", answer.Code, got)
	}
}
