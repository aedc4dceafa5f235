package status_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/status"
)

func TestEveryRouteAnswersAndIsForReadingOnly(t *testing.T) {
	c := startCluster(t, 2)
	p := startProxy(t, proxy.Config{Servers: c.Addrs()})
	metrics := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "a_metric 1\n") })
	url := serve(t, status.New(p, status.Config{Metrics: metrics}))
	for path, kind := range map[string]string{
		"/": "text/html; charset=utf-8", "/style.css": "text/css; charset=utf-8", "/app.js": "text/javascript; charset=utf-8",
		"/snapshot.json": "application/json", "/state.json": "application/json", "/healthz": "application/json",
		"/metrics": "text/plain; charset=utf-8", "/debug/bundle.zip": "application/zip",
	} {
		answer, body := ask(t, http.MethodGet, url+path)
		if answer.StatusCode != http.StatusOK || body == "" || answer.Header.Get("Content-Type") != kind {
			t.Errorf("%s: %s, %q, %d bytes", path, answer.Status, answer.Header.Get("Content-Type"), len(body))
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := answer.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		head, none := ask(t, http.MethodHead, url+path)
		if path != "/metrics" && (head.StatusCode != http.StatusOK || none != "" || head.Header.Get("Content-Type") != kind) {
			t.Errorf("HEAD %s: %s, %q, %q", path, head.Status, head.Header, none)
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, "BREW"} {
			refused, why := ask(t, method, url+path)
			if refused.StatusCode != http.StatusMethodNotAllowed || refused.Header.Get("Allow") != "GET, HEAD" || !strings.Contains(why, method) {
				t.Errorf("%s %s: %s, %q", method, path, refused.Status, why)
			}
		}
	}
	if head, none := ask(t, http.MethodHead, url+"/events"); head.StatusCode != http.StatusOK || head.Header.Get("Content-Type") != "text/event-stream" || none != "" {
		t.Errorf("HEAD /events: %s", head.Status)
	}
	for _, path := range []string{"/none", "/page/", "//", "/../doc.go", "/debug/pprof/", "/style.css/"} {
		if answer, body := ask(t, http.MethodGet, url+path); answer.StatusCode != http.StatusNotFound || !strings.Contains(body, "/snapshot.json") {
			t.Errorf("%s: %s, %q", path, answer.Status, body)
		}
	}
	if answer, body := ask(t, http.MethodGet, serve(t, status.New(p, status.Config{}))+"/metrics"); answer.StatusCode != http.StatusNotFound || !strings.Contains(body, "Config.Metrics") {
		t.Errorf("%s, %q", answer.Status, body)
	}
}

func TestItWorksUnderAPrefix(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: startCluster(t, 1).Addrs()})
	h := status.New(p, status.Config{})
	mux := http.NewServeMux()
	mux.Handle("/a/nomad/", http.StripPrefix("/a/nomad", h))
	mux.Handle("/b/", http.StripPrefix("/b/", h))
	mux.Handle("/c", http.StripPrefix("/c", h)) // the name alone
	url := serve(t, mux)
	for _, prefix := range []string{"/a/nomad", "/b"} {
		for _, path := range []string{"/", "/app.js", "/snapshot.json", "/healthz"} {
			get(t, url+prefix+path)
		}
		if s := open(t, url+prefix+"/events").until("the first", func(status.State) bool { return true }); s.Snapshot.Active == "" {
			t.Errorf("%+v", s)
		}
	}
	r, err := http.NewRequestWithContext(within(t), http.MethodGet, url+"/c", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if where, err := answer.Location(); err != nil || where.Path != "/c/" {
		t.Errorf("%s, %v, %v", answer.Status, where, err)
	}
}

func TestOnlyKnownHostsAreAnswered(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: startCluster(t, 1).Addrs()})
	h := status.New(p, status.Config{Hosts: []string{"status.example.com", "10.1.2.3:8080", "[2001:db8::1]", "Bücher", ""}})
	url := serve(t, h)
	for host, known := range map[string]bool{
		"localhost": true, "localhost:80": true, "LOCALHOST:1": true, "localhost.": true, "localhost.:443": true,
		"127.0.0.1": true, "127.0.0.1:9": true, "127.9.8.7": true, "[::1]": true, "[::1]:80": true, "[::ffff:127.0.0.1]:1": true, "[0:0:0:0:0:0:0:1]": true,
		"status.example.com": true, "STATUS.example.com.:8": true, "10.1.2.3": true, "10.1.2.3:1": true, "[2001:db8::1]:2": true, "[2001:DB8::1]": true,

		"evil.example.com": false, "localhost.evil.example.com": false, "127.0.0.1.evil.example.com": false, "evil.localhost.com": false,
		"example.com": false, "xstatus.example.com": false, "10.1.2.4": false, "[2001:db8::2]": false, "0.0.0.0": false, "[::]": false,
		"2130706433": false, "0x7f.1": false, "127.1": false, "0177.0.0.1": false, "localhost:80:80": false, "localhost:x": false, "localhost:-1": false,
		"[::1": false, "::1": false, "[localhost]": false, "[127.0.0.1]": false, "[::1]x": false, "localhost..": false, "localhost:123456": false,
		"user@localhost": false, "localhost,evil.example.com": false, "lo\tcalhost": false, strings.Repeat("a", 5000): false, "xn--bcher-kva": false,
	} {
		status, body := raw(t, url, "GET /healthz HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
		switch {
		case known && status != http.StatusOK:
			t.Errorf("%.60q is refused: %d, %s", host, status, body)
		case !known && status != http.StatusMisdirectedRequest && status != http.StatusBadRequest:
			t.Errorf("%.60q is answered: %d", host, status)
		case status == http.StatusMisdirectedRequest && (!strings.Contains(body, "status.Config.Hosts") || len(body) > 1000):
			t.Errorf("%.60q: %q", host, body)
		}
	}
	if status, _ := raw(t, url, "GET /healthz HTTP/1.0\r\n\r\n"); status != http.StatusOK {
		t.Errorf("HTTP/1.0 without a host: %d", status)
	}
	if status, _ := raw(t, url, "GET http://evil.example.com/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"); status != http.StatusMisdirectedRequest {
		t.Errorf("another host in the target: %d", status)
	}
	if status, _ := raw(t, url, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: "+strings.Repeat("x", 100_000)+"\r\n\r\n"); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("100 kB of headers: %d", status)
	}
}

func TestAUnixSocketAnswersEveryHostButNoOtherSite(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: startCluster(t, 1).Addrs()})
	path := filepath.Join(t.TempDir(), "s")
	l, err := status.Listen("unix:" + path)
	if err != nil {
		t.Skip("no Unix sockets here: ", err)
	}
	serveAt(t, l, status.New(p, status.Config{}))
	for head, want := range map[string]int{"Host: whatever:1": 200, "Host: localhost": 200, "Host: x\r\nSec-Fetch-Site: cross-site": 403} {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		if status, body := answerOn(t, conn, "GET /healthz HTTP/1.1\r\n"+head+"\r\nConnection: close\r\n\r\n"); status != want {
			t.Errorf("%q: %d, %s", head, status, body)
		}
	}
}

func TestPagesOfOtherSitesAreRefused(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: startCluster(t, 1).Addrs()})
	url := serve(t, status.New(p, status.Config{}))
	own := strings.TrimPrefix(url, "http://")
	navigation := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	for _, c := range []struct {
		path    string
		headers []string
		want    int
	}{
		{"/snapshot.json", nil, 200}, // no browser
		{"/snapshot.json", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"/snapshot.json", []string{"Sec-Fetch-Site", "none"}, 200}, // typed
		{"/snapshot.json", []string{"Origin", url}, 200},
		{"/snapshot.json", []string{"Origin", "http://LOCALHOST:1", "Host", "localhost:1"}, 200},
		{"/", navigation, 200}, // a link
		{"/snapshot.json", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"/snapshot.json", []string{"Sec-Fetch-Site", "same-site"}, 403}, // another port of this host
		{"/snapshot.json", []string{"Sec-Fetch-Site", "new-word"}, 403},
		{"/snapshot.json", navigation, 403},
		{"/debug/bundle.zip", navigation, 403},
		{"/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
		{"/", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, 403},
		{"/events", []string{"Origin", "http://evil.example.com"}, 403},
		{"/events", []string{"Origin", "null"}, 403},
		{"/events", []string{"Origin", "http://" + own + ".evil.example.com"}, 403},
		{"/events", []string{"Origin", "http://127.0.0.1:1"}, 403},
		{"/events", []string{"Origin", "%%%"}, 403},
	} {
		if answer, body := ask(t, http.MethodGet, url+c.path, c.headers...); answer.StatusCode != c.want {
			t.Errorf("%s %q: %s, want %d: %.80s", c.path, c.headers, answer.Status, c.want, body)
		}
	}
}

// raw sends bytes to the host of a URL.
func raw(t *testing.T, url, request string) (status int, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return answerOn(t, conn, request)
}

func answerOn(t *testing.T, conn net.Conn, request string) (status int, body string) {
	t.Helper()
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, request) }()
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, fmt.Sprint(err)
	}
	defer answer.Body.Close()
	all, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(all)
}
