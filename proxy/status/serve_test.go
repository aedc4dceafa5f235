package status_test

import (
	"io"
	"net"
	"net/http"
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
