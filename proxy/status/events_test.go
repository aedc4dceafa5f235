package status_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/status"
)

var errDown = errors.New("down")

func anyState(status.State) bool { return true }

// fail has the server in front fail.
func fail(t testing.TB, p *proxy.Proxy) (failed, next messages.Server) {
	t.Helper()
	failed, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.NotifyFailed(within(t), failed, errDown); err != nil {
		t.Fatal(err)
	}
	next, err = p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	return failed, next
}

func TestAFailoverIsSentAndMergesIntoAllDecisions(t *testing.T) {
	c := startCluster(t, 3)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	url := serve(t, status.New(p, status.Config{}))
	s := open(t, url+"/events")
	merged := map[uint64]proxy.Decision{}
	merge := func(state status.State) {
		for _, d := range state.Decisions {
			merged[d.Seq] = d
		}
	}
	first := s.until("the first", anyState)
	merge(first)
	if len(first.Decisions) == 0 || len(first.Snapshot.Servers) != 3 || first.Snapshot.Active == "" {
		t.Fatalf("%+v", first)
	}
	for range 3 {
		_, next := fail(t, p)
		state := s.until("the failover", func(state status.State) bool {
			merge(state)
			return state.Snapshot.Active == next.Addr
		})
		if len(state.Snapshot.Moves) == 0 {
			t.Errorf("%+v", state.Snapshot)
		}
	}
	all := decode[status.State](t, get(t, url+"/state.json"))
	s.until("all of it", func(state status.State) bool {
		if state.Snapshot.Epoch == first.Snapshot.Epoch && len(state.Decisions) > 0 {
			t.Error("decisions that are known are sent again")
		}
		merge(state)
		return state.Snapshot.Epoch == all.Snapshot.Epoch
	})
	for i, seq := range slices.Sorted(maps.Keys(merged)) {
		if got, want := fmt.Sprintf("%+v", merged[seq]), fmt.Sprintf("%+v", all.Decisions[i]); got != want {
			t.Errorf("decision %d is\n%s, want\n%s", i, got, want)
		}
	}
	if len(merged) != len(all.Decisions) {
		t.Errorf("%d of %d decisions were sent", len(merged), len(all.Decisions))
	}
}

// ends reads the last event of a stream.
func (s *stream) ends() string {
	s.t.Helper()
	last := event{}
	for {
		e, ok := s.next()
		if !ok {
			break
		}
		last = e
	}
	if last.kind != "end" {
		s.t.Fatalf("the last event is %+v", last)
	}
	return last.data
}

func TestAStreamEndsWithTheProxyAndSaysSo(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: startCluster(t, 1).Addrs()})
	url := serve(t, status.New(p, status.Config{}))
	s := open(t, url+"/events")
	s.until("the first", anyState)
	stop(t, p.Stop)
	if data := s.ends(); data != `{"of":"proxy","why":"the proxy was stopped"}` {
		t.Error(data)
	}
	// Whoever comes later sees how it was.
	late := open(t, url+"/events")
	late.until("the first", func(s status.State) bool { return len(s.Decisions) > 0 })
	if data := late.ends(); !strings.Contains(data, "stopped") {
		t.Error(data)
	}
	if answer, body := ask(t, http.MethodGet, url+"/healthz"); answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "the proxy was stopped") {
		t.Errorf("%s: %s", answer.Status, body)
	}
	if s := decode[proxy.Snapshot](t, get(t, url+"/snapshot.json")); len(s.Servers) != 1 {
		t.Errorf("%+v", s)
	}
	get(t, url+"/debug/bundle.zip")
}

// The server of somebody else, that nobody has told of the streams.
func TestAStreamEndsWhenItsServerShutsDown(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: startCluster(t, 1).Addrs()})
	h := status.New(p, status.Config{})
	start := func() (*http.Server, string) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: h} //nolint:gosec // its clients are those of this test
		go func() { _ = server.Serve(l) }()
		t.Cleanup(func() { _ = server.Close() })
		return server, "http://" + l.Addr().String()
	}
	first, url := start()
	_, other := start()
	var ending []*stream
	for range 3 {
		s := open(t, url+"/events")
		s.until("the first", anyState)
		ending = append(ending, s)
	}
	stays := open(t, other+"/events")
	stays.until("the first", anyState)
	ended := make(chan error, 2)
	for range 2 { // twice is allowed
		go func() { ended <- first.Shutdown(within(t)) }()
	}
	for _, s := range ending {
		if data := s.ends(); !strings.Contains(data, `"of":"server"`) {
			t.Error(data)
		}
	}
	for range cap(ended) {
		if err := <-ended; err != nil {
			t.Errorf("shutting down: %v", err)
		}
	}
	_, next := fail2(t, p)
	stays.until("a change after the other server has ended", func(s status.State) bool { return s.Snapshot.Epoch >= next })
}

// fail2 has the only server fail.
func fail2(t testing.TB, p *proxy.Proxy) (active string, epoch uint64) {
	t.Helper()
	s, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.NotifyFailed(within(t), s, errDown); err != nil {
		t.Fatal(err)
	}
	return s.Addr, p.View().Epoch()
}

func TestStreamsAreBoundedAndThoseThatLeaveMakeRoom(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: startCluster(t, 1).Addrs()})
	url := serve(t, status.New(p, status.Config{}))
	var all []*stream
	for range 32 {
		s := open(t, url+"/events")
		s.until("the first", anyState)
		all = append(all, s)
	}
	answer, body := ask(t, http.MethodGet, url+"/events")
	if answer.StatusCode != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") != "1" || !strings.Contains(body, "try again") {
		t.Fatalf("%s: %s", answer.Status, body)
	}
	get(t, url+"/healthz") // nothing else is refused
	for _, s := range all {
		s.close()
	}
	ctx := within(t)
	for {
		s := open(t, url+"/events")
		if s.status == http.StatusOK {
			s.until("the first", anyState)
			return
		}
		s.close()
		if ctx.Err() != nil {
			t.Fatal("no stream has made room")
		}
	}
}

// A ResponseWriter that cannot limit a write would be held up for ever by a client that does not
// read.
func TestAStreamNeedsAServerThatLimitsWrites(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: startCluster(t, 1).Addrs()})
	h := status.New(p, status.Config{})
	url := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
	}))
	if answer, body := ask(t, http.MethodGet, url+"/events"); answer.StatusCode != http.StatusNotImplemented || !strings.Contains(body, "Unwrap") {
		t.Errorf("%s: %s", answer.Status, body)
	}
	get(t, url+"/state.json")
}

func TestTenThousandConnectionsToEventsAreSurvived(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: startCluster(t, 1).Addrs()})
	url := serve(t, status.New(p, status.Config{}))
	addr := strings.TrimPrefix(url, "http://")
	dialer := &net.Dialer{}
	var open []net.Conn
	for range 10_000 {
		conn, err := dialer.DialContext(within(t), "tcp", addr)
		if err != nil {
			continue
		}
		_, _ = fmt.Fprintf(conn, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if open = append(open, conn); len(open) > 1000 {
			_ = open[0].Close()
			open = open[1:]
		}
	}
	for _, conn := range open {
		_ = conn.Close()
	}
	ctx := within(t)
	for ctx.Err() == nil { // as soon as the places of those that have left are free
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/healthz", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := client.Do(r); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
	}
	t.Error("nobody is answered afterwards")
}

func TestServeEndsWithItsContextAndClosesWhatIsOpen(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: startCluster(t, 1).Addrs()})
	l, err := status.Listen("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	end := serveAt(t, l, status.New(p, status.Config{}))
	s := open(t, status.URL(l.Addr())+"events")
	s.until("the first", anyState)
	idle, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	end()
	if data := s.ends(); !strings.Contains(data, `"of":"server"`) {
		t.Error(data)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("it listens after its end")
	}
	if err := status.Serve(context.Background(), l, nil); err == nil {
		t.Error("a listener that is closed is served")
	}
}
