package status_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/status"
	"github.com/open-nomad/rpcproxy/testutil"
)

// limit is how long a test waits for what should happen at once. far is later than any test waits.
const (
	limit = time.Minute
	far   = time.Hour
)

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

func stop(t testing.TB, end func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := end(ctx); err != nil {
		t.Errorf("stopping: %v", err)
	}
}

func startCluster(t testing.TB, n int) *testutil.Cluster {
	t.Helper()
	c, err := testutil.StartCluster(testutil.ClusterConfig{Size: n})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, c.Stop) })
	return c
}

// startProxy runs a proxy until the test ends; the machine may be slow.
func startProxy(t testing.TB, cfg proxy.Config) *proxy.Proxy {
	t.Helper()
	if cfg.Pinger == nil {
		cfg.Pool.DialTimeout, cfg.Pool.SilenceLimit, cfg.Pool.PingTimeout, cfg.ProbeTimeout, cfg.Rebalance.Spread = far, far, far, far, far
	}
	p, err := proxy.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, p.Stop) })
	return p
}

// serve serves h over TCP until the test ends, and returns the URL, without a slash at its end.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	l, err := status.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimSuffix(status.URL(l.Addr()), "/")
	serveAt(t, l, h)
	return url
}

// serveAt serves h at l, until the test ends or end is called.
func serveAt(t testing.TB, l net.Listener, h http.Handler) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- status.Serve(ctx, l, h) }()
	end = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serving: %v", err)
		}
		ended <- nil
	}
	t.Cleanup(end)
	return end
}

// client keeps no connection.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}

// ask sends a request, and returns the answer with all of its body.
func ask(t testing.TB, method, url string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(within(t), method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// get is the body of an answer that is good.
func get(t testing.TB, url string) string {
	t.Helper()
	answer, body := ask(t, http.MethodGet, url)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %s", url, answer.Status, body)
	}
	return body
}

func decode[T any](t testing.TB, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %.300s", err, text)
	}
	return v
}

// event is one that was sent.
type event struct{ kind, id, data string }

// stream is a stream of events that is read.
type stream struct {
	t      testing.TB
	lines  *bufio.Reader
	close  func()
	status int
}

// open opens one until the test ends.
func open(t testing.TB, url string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	late := time.AfterFunc(limit, cancel)
	t.Cleanup(func() { late.Stop(); cancel() })
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return &stream{t: t, lines: bufio.NewReaderSize(answer.Body, 1<<20), close: func() { cancel(); _ = answer.Body.Close() }, status: answer.StatusCode}
}

// next is the next event; it reports false at the end of the stream.
func (s *stream) next() (e event, ok bool) {
	s.t.Helper()
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			return event{}, false
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "event":
			e.kind = value
		case "id":
			e.id = value
		case "data":
			e.data = value
		case "":
			if e.kind != "" {
				return e, true
			}
		}
	}
}

// until reads states until one is as wanted.
func (s *stream) until(what string, wanted func(status.State) bool) status.State {
	s.t.Helper()
	for {
		e, ok := s.next()
		if !ok {
			s.t.Fatalf("the stream has ended before %s", what)
		}
		if e.kind != "state" {
			s.t.Fatalf("%s before %s", e, what)
		}
		if state := decode[status.State](s.t, e.data); wanted(state) {
			return state
		}
	}
}
