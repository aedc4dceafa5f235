package proxy_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/status"
)

// Whoever asks how the proxy is must get an answer above all when it does not take its messages
// any more.
func TestEveryRouteOfTheStatusAnswersWhileTheOwnerIsBusy(t *testing.T) {
	var busy atomic.Bool
	began, hold := make(chan struct{}), make(chan struct{})
	c := startCluster(t, 2)
	p := startProxy(t, proxy.WithHold(proxy.Config{Servers: c.Addrs()}, func() {
		if busy.CompareAndSwap(true, false) {
			close(began)
			<-hold
		}
	}))
	h := status.New(p, status.Config{Configuration: proxy.Config{}})
	server := httptest.NewServer(h)
	defer server.Close()
	front := active(t, p)
	busy.Store(true)
	noticed := make(chan error, 1)
	go func() { noticed <- p.NotifyFailed(within(t), front, errDown) }()
	<-began
	proxy.Fill(p) // nor does it take new ones
	for _, path := range []string{"/", "/healthz", "/snapshot.json", "/state.json", "/debug/bundle.zip", "/events"} {
		r, err := http.NewRequestWithContext(within(t), http.MethodGet, server.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if _, err := answer.Body.Read(make([]byte, 1)); err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %s, %v", path, answer.Status, err)
		}
		_ = answer.Body.Close()
	}
	select {
	case err := <-noticed:
		t.Errorf("the owner was not busy: %v", err)
	default:
	}
	close(hold)
	if err := <-noticed; err != nil {
		t.Error(err)
	}
}
