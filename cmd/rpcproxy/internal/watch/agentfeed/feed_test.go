package agentfeed

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/agentapi"
	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/status"
	"github.com/open-nomad/rpcproxy/testutil"
)

// agent is a proxy with a cluster behind it.
func agent(t *testing.T) *proxy.Proxy {
	t.Helper()
	c, err := testutil.StartCluster(testutil.ClusterConfig{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := proxy.Start(proxy.Config{Servers: c.Addrs()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), limit)
		defer stop()
		if err := errors.Join(p.Stop(ctx), c.Stop(ctx)); err != nil {
			t.Error(err)
		}
	})
	return p
}

// serve serves a handler on a listener until t ends.
func serve(t *testing.T, l net.Listener, h http.Handler, secure *tls.Config) (stop func()) {
	t.Helper()
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: h}, TLS: secure}
	if secure == nil {
		s.Start()
	} else {
		s.StartTLS()
	}
	stop = func() {
		_ = s.Config.Close() // what is open too
		s.Close()
	}
	t.Cleanup(stop)
	return stop
}

func listen(t *testing.T, network, addr string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestTheStateOfARealAgentIsFollowed(t *testing.T) {
	p := agent(t)
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	server, err := ca.Server("global")
	if err != nil {
		t.Fatal(err)
	}
	client, err := ca.Client("global")
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "s")
	plain, secure := listen(t, "tcp", "127.0.0.1:0"), listen(t, "tcp", "127.0.0.1:0")
	h := status.New(p, status.Config{})
	serve(t, plain, h, nil)
	serve(t, listen(t, "unix", socket), h, nil)
	mux := http.NewServeMux()
	mux.Handle("/nomad/", http.StripPrefix("/nomad", h))
	serve(t, secure, mux, ca.ServerTLS(server, "global"))
	withTLS := at("https://" + secure.Addr().String() + "/nomad/")
	withTLS.Agent.CAPEM, withTLS.Agent.CertPEM, withTLS.Agent.KeyPEM = ca.PEM(), client.CertPEM, client.KeyPEM
	withTLS.Agent.ServerName = "server.global.nomad"
	var all []*reading
	for _, cfg := range []Config{at(plain.Addr().String()), at("unix:" + socket), at("unix://" + socket), withTLS} {
		r := read(t, cfg)
		first := r.reports()
		if first.Snapshot.Active == "" || len(first.Snapshot.Servers) != 3 || len(first.Decisions) == 0 {
			t.Errorf("%s: %+v", cfg.Agent.Addr, first)
		}
		all = append(all, r)
	}
	front, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.NotifyFailed(t.Context(), front, errors.New("planted")); err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		decided := false
		r.until("the move", func(e watch.Event) bool {
			s, ok := e.(watch.Reported)
			for _, d := range s.Decisions {
				decided = decided || strings.Contains(d.Cause, "planted")
			}
			return ok && s.Snapshot.Active != front.Addr && decided
		})
	}
}

// It is at a socket: a port that is free for a while may be another process's then.
func TestAnAgentThatComesBackIsFollowedAgain(t *testing.T) {
	p := agent(t)
	socket := filepath.Join(t.TempDir(), "s")
	stop := serve(t, listen(t, "unix", socket), status.New(p, status.Config{}), nil)
	r := read(t, at("unix:"+socket))
	r.reports()
	stop()
	if why := r.lost(); why == "" {
		t.Error("no reason")
	}
	if why := r.lost(); !strings.Contains(why, "no such file") { // the next attempt
		t.Errorf("%q", why)
	}
	serve(t, listen(t, "unix", socket), status.New(p, status.Config{}), nil)
	r.until("the agent is back", func(e watch.Event) bool {
		l, ok := e.(watch.Linked)
		return ok && l.Up
	})
	r.reports()
}

func TestAnAgentThatEndsSaysSo(t *testing.T) {
	p, err := proxy.Start(proxy.Config{Servers: []string{"127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	l := listen(t, "tcp", "127.0.0.1:0")
	serve(t, l, status.New(p, status.Config{}), nil)
	r := read(t, at(l.Addr().String()))
	r.reports()
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if why := r.lost(); !strings.Contains(why, "it has ended: ") {
		t.Errorf("%q", why)
	}
}

func TestAnAgentWithoutEventsIsAskedAgainAndAgain(t *testing.T) {
	p := agent(t)
	h := status.New(p, status.Config{})
	mux := http.NewServeMux()
	mux.Handle("GET /snapshot.json", h)
	l := listen(t, "tcp", "127.0.0.1:0")
	serve(t, l, mux, nil)
	cfg := at(l.Addr().String())
	cfg.Poll = time.Millisecond
	r := read(t, cfg)
	for range 2*polls + 2 { // over the time when it asks for events again
		if s := r.reports(); len(s.Snapshot.Servers) != 3 || len(s.Decisions) != 0 {
			t.Fatalf("%+v", s)
		}
	}
}

func TestWhatIsNoAgentIsNamed(t *testing.T) {
	p := agent(t)
	l := listen(t, "tcp", "127.0.0.1:0")
	serve(t, l, status.New(p, status.Config{}), nil)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	for _, c := range []struct {
		says   string
		status int
		kind   string
		body   string
	}{
		{"it answers with a page of HTML", 200, "text/html; charset=utf-8", "<html>"},
		{`it answers with "application/xml" where`, 200, "application/xml", ""},
		{`it answers with "" where`, 200, "", ""},
		{"it answers 404, there is no agent's status", 404, "text/html", "<h1>not here"},
		{"it answers 403: go\\x1b[2J away", 403, "text/plain", "go\x1b[2J away\nor not"},
		{"it answers 500 where an agent sends its state", 500, "text/html", "<h1>oh"},
		{"it answers 301", 301, "", ""},
		{"it answers with something else than the state of an agent", 200, "text/event-stream", "event: state\ndata: {}\n\n"},
		{"it sends something else than events", 200, "text/event-stream", "<html>\n"},
		{"it has closed the connection", 200, "text/event-stream", ""},
		{"it has ended: over\\x1b[2J", 200, "text/event-stream", "event: end\ndata: {\"of\":\"proxy\",\"why\":\"over\\u001b[2J\"}\n\n"},
		{"it has ended", 200, "text/event-stream", "event: end\ndata: x\n\n"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{c.kind}
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		}))
		err := once(t, at(s.URL))
		s.Close()
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, want %q", err, c.says)
		}
	}
	elsewhere := listen(t, "tcp", "127.0.0.1:0")
	serve(t, elsewhere, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = "evil.example" // as a name that leads here has it
		status.New(p, status.Config{}).ServeHTTP(w, r)
	}), nil)
	for addr, says := range map[string]string{
		elsewhere.Addr().String():                         `it answers 421: the host "evil.example" is none that is answered`,
		"http://" + secure.Listener.Addr().String():       "it speaks HTTPS: give https://",
		"https://" + l.Addr().String():                    "it does not speak HTTPS: give http://",
		"https://" + secure.Listener.Addr().String():      "certificate",
		"unix:" + filepath.Join(t.TempDir(), "not-there"): "no such file",
		"http://127.0.0.1:" + port + "/elsewhere":         "404",
	} {
		if err := once(t, at(addr)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", addr, err, says)
		}
	}
}

func TestAServerThatSendsWhatNeverEndsIsLeft(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
	flood := func(first, more string) func(net.Conn) {
		return func(c net.Conn) {
			if _, err := c.Write([]byte(first)); err != nil {
				return
			}
			text := []byte(strings.Repeat(more, 1024))
			for more != "" {
				if _, err := c.Write(text); err != nil {
					return
				}
			}
		}
	}
	for name, c := range map[string]struct {
		serve func(net.Conn)
		idle  bool // nothing but the time that is over ends it
		says  string
	}{
		"nothing":              {func(net.Conn) {}, true, "nothing came within"},
		"a head without end":   {flood("HTTP/1.1 200 OK\r\n", "X-Y: z\r\n"), false, "exceeded"},
		"a line of the head":   {flood("HTTP/1.1 200 OK\r\nX: ", "x"), false, "exceeded"},
		"a head that stops":    {flood("HTTP/1.1 200 OK\r\nX-Y: ", ""), true, "nothing came within"},
		"garbage":              {flood("\x00\x01\x02\r\n", ""), false, "malformed"},
		"no events":            {flood(head, ""), true, "nothing came within"},
		"comments":             {flood(head, ": x\n\n"), true, "nothing came within"},
		"events of no meaning": {flood(head, "event: other\ndata: x\n\n"), true, "nothing came within"},
		"a line":               {flood(head+"data: ", "x"), false, "more than 8388608 bytes"},
		"a text":               {flood("HTTP/1.1 500 no\r\nContent-Type: text/plain\r\n\r\n", "x"), false, "it answers 500: xxx"},
		"a text that stops":    {flood("HTTP/1.1 500 no\r\nContent-Type: text/plain\r\n\r\nx", ""), true, ""}, // in time or not
		"a page":               {flood("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", "<br>"), false, "a page of HTML"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := at(raw(t, c.serve))
			cfg.Idle = 2 * limit
			if c.idle {
				cfg.Idle = 100 * time.Millisecond
			}
			if err := once(t, cfg); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	for addr, says := range map[string]string{
		"ftp://a":         "neither http nor https",
		"unix:":           "no path",
		"unix://":         "no path",
		"http://":         "it has no host",
		"http://a:b":      "invalid port",
		"http://u:pw@a?x": "more than a host",
	} {
		_, err := New(t.Context(), at(addr))
		if _, ok := errors.AsType[*AddrError](err); !ok || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "pw") {
			t.Errorf("%q: %v, want %q", addr, err, says)
		}
	}
	if _, err := New(t.Context(), Config{Agent: agentapi.Config{Addr: "https://a", CAFile: filepath.Join("not", "there")}}); err == nil {
		t.Error("a CA that is not there is taken")
	}
}

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, _ error) []error { return []error{&AddrError{Addr: text, Reason: text}} })
}
