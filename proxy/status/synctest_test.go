package status_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/status"
)

// pinger answers as it is told.
type pinger func(addr string) error

func (p pinger) Ping(_ context.Context, addr string) (time.Duration, error) {
	return time.Millisecond, p(addr)
}

// pipes is a listener whose connections are pipes: they hold nothing, and their deadlines are those of
// a bubble.
type pipes struct {
	conns  chan net.Conn
	done   chan struct{}
	closed atomic.Bool
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipes) Close() error {
	if l.closed.CompareAndSwap(false, true) {
		close(l.done)
	}
	return nil
}
func (l *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// servePipes serves h, and returns what connects to it, and what ends it.
func servePipes(t *testing.T, h http.Handler) (dial func() net.Conn, end func()) {
	t.Helper()
	l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- status.Serve(ctx, l, h) }()
	return func() net.Conn {
			ours, theirs := net.Pipe()
			l.conns <- theirs
			return ours
		}, func() {
			cancel()
			if err := <-served; err != nil {
				t.Errorf("serving: %v", err)
			}
		}
}

// request sends a request, and returns the answer, whose body is not read.
func request(t *testing.T, conn net.Conn, path string) *http.Response {
	t.Helper()
	go func() { _, _ = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n") }()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// bubble runs a test in a bubble, with a proxy that has stopped before its end.
func bubble(t *testing.T, cfg proxy.Config, test func(*testing.T, *proxy.Proxy)) {
	synctest.Test(t, func(t *testing.T) {
		p, err := proxy.Start(cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer stop(t, p.Stop)
		test(t, p)
	})
}

func TestAClientThatDoesNotReadIsLeftAndMakesRoom(t *testing.T) {
	bubble(t, proxy.Config{Servers: []string{"a", "b"}, Pinger: pinger(func(string) error { return nil })}, func(t *testing.T, p *proxy.Proxy) {
		dial, end := servePipes(t, status.New(p, status.Config{}))
		defer end()
		for range 3 {
			var all []net.Conn
			for range 32 {
				conn := dial()
				_, _ = io.WriteString(conn, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
				all = append(all, conn)
			}
			synctest.Wait()
			conn := dial()
			if answer := request(t, conn, "/events"); answer.StatusCode != http.StatusServiceUnavailable {
				t.Fatalf("beside 32 streams: %s", answer.Status)
			}
			_ = conn.Close()
			time.Sleep(10*time.Second - time.Millisecond)
			conn = dial()
			if answer := request(t, conn, "/events"); answer.StatusCode != http.StatusServiceUnavailable {
				t.Fatalf("before the time is over: %s", answer.Status)
			}
			_ = conn.Close()
			time.Sleep(2 * time.Millisecond)
			synctest.Wait()
			conn = dial()
			if answer := request(t, conn, "/events"); answer.StatusCode != http.StatusOK {
				t.Fatalf("after 10 s: %s", answer.Status)
			}
			_ = conn.Close()
			for _, c := range all {
				_ = c.Close()
			}
			synctest.Wait()
		}
		// An answer that is not a stream is not waited for either.
		conn := dial()
		_, _ = io.WriteString(conn, "GET /debug/bundle.zip HTTP/1.1\r\nHost: localhost\r\n\r\n")
		synctest.Wait()
		other := dial()
		if answer := request(t, other, "/debug/bundle.zip"); answer.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("two archives at once: %s", answer.Status)
		}
		_ = other.Close()
		time.Sleep(11 * time.Second)
		synctest.Wait()
		other = dial()
		if answer := request(t, other, "/debug/bundle.zip"); answer.StatusCode != http.StatusOK {
			t.Errorf("after one that was not read: %s", answer.Status)
		}
		_ = other.Close()
		_ = conn.Close()
	})
}

// events reads what comes in on a stream, with the time of each.
func timed(t *testing.T, answer *http.Response) <-chan time.Time {
	t.Helper()
	times := make(chan time.Time, 1000)
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	go func() {
		defer close(times)
		for lines.Scan() {
			if lines.Text() == "event: state" {
				times <- time.Now()
			}
		}
	}()
	return times
}

func TestAnIdleStreamSendsEveryTwoSecondsAndAChangeWithinAQuarter(t *testing.T) {
	bubble(t, proxy.Config{Servers: []string{"a", "b", "c"}, Pinger: pinger(func(string) error { return nil }), Rebalance: proxy.Timing{MinInterval: time.Hour, Spread: time.Hour}}, func(t *testing.T, p *proxy.Proxy) {
		dial, end := servePipes(t, status.New(p, status.Config{}))
		defer end()
		conn := dial()
		defer conn.Close()
		began := time.Now()
		times := timed(t, request(t, conn, "/events"))
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if n := len(times); n != 11 { // at 0, 2, ... 20
			t.Errorf("%d events in 20 s in which nothing has changed, want 11", n)
		}
		for i := range 10 {
			if got := (<-times).Sub(began); got != time.Duration(i)*2*time.Second {
				t.Errorf("event %d came after %v", i, got)
			}
		}
		<-times
		time.Sleep(300 * time.Millisecond)
		changed := time.Now()
		_, _ = fail(t, p)
		if late := (<-times).Sub(changed); late > 250*time.Millisecond {
			t.Errorf("a change was sent after %v", late)
		}
	})
}

// health asks for the health.
func health(t *testing.T, dial func() net.Conn) (int, status.Health) {
	t.Helper()
	conn := dial()
	defer conn.Close()
	answer := request(t, conn, "/healthz")
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, decode[status.Health](t, string(body))
}

func TestHealthIsBadWhenNoServerServesForLongerThanTheTTL(t *testing.T) {
	down := errors.New("down")
	for name, c := range map[string]struct {
		ttl, given, limit time.Duration
	}{
		"no heartbeat":                {0, 0, 30 * time.Second},
		"no heartbeat, another limit": {0, 5 * time.Second, 5 * time.Second},
		"a heartbeat":                 {14 * time.Second, 5 * time.Second, 14 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, proxy.Config{Servers: []string{"a"}, Pinger: pinger(func(string) error { return down })}, func(t *testing.T, p *proxy.Proxy) {
				dial, end := servePipes(t, status.New(p, status.Config{Unserved: c.given}))
				defer end()
				expect := func(want int, says string) {
					t.Helper()
					code, h := health(t, dial)
					if code != want || h.Healthy != (want == http.StatusOK) || !strings.Contains(h.Why, says) || h.Limit.Duration() != c.limit {
						t.Errorf("%d, %+v, want %d with %q", code, h, want, says)
					}
				}
				if c.ttl > 0 {
					if err := p.Heartbeat(t.Context(), messages.HeartbeatUpdate{Servers: []messages.ServerInfo{{RPCAdvertiseAddr: "a:4647"}}, LeaderRPCAddr: "a:4647", TTL: c.ttl}); err != nil {
						t.Fatal(err)
					}
				}
				expect(http.StatusOK, "a:4647") // at the start nothing is known to be wrong
				s, err := p.FindServer()
				if err != nil {
					t.Fatal(err)
				}
				if err := p.NotifyFailed(t.Context(), s, down); err != nil {
					t.Fatal(err)
				}
				expect(http.StatusOK, "no server serves the agent, for 0s so far; the limit is "+c.limit.String())
				time.Sleep(c.limit)
				expect(http.StatusOK, "so far")
				time.Sleep(time.Millisecond)
				expect(http.StatusServiceUnavailable, "no server has served the agent for "+(c.limit+time.Millisecond).String())
				if err := p.SetServers(t.Context(), "b"); err != nil {
					t.Fatal(err)
				}
				expect(http.StatusOK, "b:4647")
				stop(t, p.Stop)
				expect(http.StatusServiceUnavailable, "the proxy was stopped")
			})
		})
	}
}

// A proxy that begins without servers is not served either.
func TestHealthOfAProxyWithoutServers(t *testing.T) {
	bubble(t, proxy.Config{}, func(t *testing.T, p *proxy.Proxy) {
		dial, end := servePipes(t, status.New(p, status.Config{}))
		defer end()
		if code, h := health(t, dial); code != http.StatusOK {
			t.Errorf("at the start: %d, %+v", code, h)
		}
		time.Sleep(31 * time.Second)
		if code, h := health(t, dial); code != http.StatusServiceUnavailable || h.UnservedFor.Duration() != 31*time.Second || h.Active != "" {
			t.Errorf("later: %d, %+v", code, h)
		}
	})
}

func TestANilProxyIsShownAsOne(t *testing.T) {
	var nothing *proxy.Proxy
	for _, source := range []status.Source{nil, nothing} {
		url := serve(t, status.New(source, status.Config{}))
		if answer, body := ask(t, http.MethodGet, url+"/healthz"); answer.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "no proxy was given") {
			t.Errorf("%s: %s", answer.Status, body)
		}
		get(t, url+"/state.json")
		get(t, url+"/debug/bundle.zip")
	}
}
