package status_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/status"
)

// served runs a test in a bubble with a server of a proxy that works.
func served(t *testing.T, test func(t *testing.T, dial func() net.Conn)) {
	bubble(t, proxy.Config{Servers: []string{"a"}, Pinger: pinger(func(string) error { return nil })}, func(t *testing.T, p *proxy.Proxy) {
		dial, end := servePipes(t, status.New(p, status.Config{}))
		defer end()
		test(t, dial)
	})
}

// closedBy waits until the server has closed a connection, and says after how long.
func closedBy(conn net.Conn) time.Duration {
	began := time.Now()
	_, _ = io.Copy(io.Discard, conn)
	return time.Since(began)
}

// The limit is for the request: what is read of the connection meanwhile must not end the answer.
func TestAStreamOutlivesTheTimeThatARequestHas(t *testing.T) {
	served(t, func(t *testing.T, dial func() net.Conn) {
		conn := dial()
		defer conn.Close()
		times := timed(t, request(t, conn, "/events"))
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(times); n != 31 {
			t.Errorf("%d events in a minute, want 31", n)
		}
	})
}

func TestAConnectionThatBringsNoRequestIsClosed(t *testing.T) {
	served(t, func(t *testing.T, dial func() net.Conn) {
		for text, want := range map[string]time.Duration{
			"":                                     10 * time.Second,
			"GET /healthz HTTP/1.1\r\nHost: local": 10 * time.Second,
			"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nab": 10 * time.Second,
			"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n":                        time.Minute, // the next one
		} {
			conn := dial()
			go func() { _, _ = io.WriteString(conn, text) }()
			if after := closedBy(conn); after > want+time.Second || want == time.Minute && after < want {
				t.Errorf("after %q it was closed after %v, want %v", text, after, want)
			}
			_ = conn.Close()
		}
	})
}

func TestConnectionsAreBoundedAndThoseThatEndMakeRoom(t *testing.T) {
	served(t, func(t *testing.T, dial func() net.Conn) {
		for range 3 {
			var all []net.Conn
			for range 256 {
				all = append(all, dial())
			}
			synctest.Wait()
			for range 3 {
				if after := closedBy(dial()); after != 0 {
					t.Fatalf("a connection beyond 256 is closed after %v, want at once", after)
				}
			}
			if answer := request(t, all[255], "/healthz"); answer.StatusCode != http.StatusOK {
				t.Errorf("on one of the 256: %s", answer.Status)
			}
			_ = all[0].Close()
			synctest.Wait()
			conn := dial()
			if answer := request(t, conn, "/healthz"); answer.StatusCode != http.StatusOK {
				t.Errorf("after one has left: %s", answer.Status)
			}
			for _, c := range append(all, conn) {
				_ = c.Close()
			}
			synctest.Wait()
		}
	})
}

// many is a source of so many decisions, of 1 KiB each.
type many int

func (many) Snapshot() proxy.Snapshot { return proxy.Snapshot{} }
func (m many) Explain() (e proxy.Explanation) {
	for i := range m {
		e.Decisions = append(e.Decisions, proxy.Decision{Seq: uint64(i), Cause: strings.Repeat("x", 1<<10)})
	}
	return e
}

func TestLargeAnswersAreBoundedAndWaitForWhoReadsSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dial, end := servePipes(t, status.New(many(200), status.Config{}))
		defer end()
		var all []net.Conn
		var bodies []io.Reader
		for range 8 {
			conn := dial()
			bodies, all = append(bodies, request(t, conn, "/state.json").Body), append(all, conn)
		}
		for path, want := range map[string]int{"/state.json": http.StatusServiceUnavailable, "/snapshot.json": http.StatusServiceUnavailable, "/healthz": http.StatusOK} {
			conn := dial()
			if answer := request(t, conn, path); answer.StatusCode != want {
				t.Errorf("%s beside 8 large answers: %s", path, answer.Status)
			}
			_ = conn.Close()
		}
		// One takes 40 KiB every 9 s, the others nothing.
		var text strings.Builder
		for {
			time.Sleep(9 * time.Second)
			if n, err := io.CopyN(&text, bodies[0], 40<<10); n == 0 || err != nil {
				break
			}
		}
		if s := decode[status.State](t, text.String()); len(s.Decisions) != 200 {
			t.Errorf("who reads slowly gets %d decisions", len(s.Decisions))
		}
		for i, body := range bodies[1:] {
			if _, err := io.Copy(io.Discard, body); err == nil {
				t.Errorf("client %d, that has not read, gets everything in the end", i+1)
			}
		}
		for _, conn := range all {
			_ = conn.Close()
		}
	})
}

func TestGarbageIsRefusedAndWhoComesNextIsAnswered(t *testing.T) {
	served(t, func(t *testing.T, dial func() net.Conn) {
		for _, text := range []string{
			"\x00\x01\x02\xff\xfe\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
			"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: x\r\n\r\n", "GET %zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
			"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", strings.Repeat("G", 1<<20),
			"GET /" + strings.Repeat("x", 1<<20) + " HTTP/1.1\r\nHost: localhost\r\n\r\n", strings.Repeat("\r\n", 1<<16),
			"CONNECT evil:1 HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /events HTTP/1.1\r\nHost: localhost\r\nOrigin: \x7f\r\n\r\n",
			"GET /healthz HTTP/1.1\r\nHost: localhost\r\nOrigin: http://" + strings.Repeat("x", 10_000) + "\r\n\r\n",
		} {
			conn := dial()
			go func() { _, _ = io.WriteString(conn, text) }()
			if answer, err := http.ReadResponse(bufio.NewReader(conn), nil); err == nil {
				if answer.StatusCode < 400 {
					t.Errorf("%.60q: %s", text, answer.Status)
				}
			}
			_ = conn.Close()
		}
		conn := dial()
		defer conn.Close()
		if answer := request(t, conn, "/healthz"); answer.StatusCode != http.StatusOK {
			t.Errorf("afterwards: %s", answer.Status)
		}
	})
}
