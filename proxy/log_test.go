package proxy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// said is the content of a log line.
type said struct{ Level, Message, Error, Server, Took string }

// read takes the lines of p so far that are not of debug level.
func (l lines) read(t *testing.T, p *proxy.Proxy) (all []said) {
	t.Helper()
	proxy.Written(p)
	for {
		select {
		case text := <-l:
			var s said
			if err := json.Unmarshal([]byte(text), &s); err != nil {
				t.Fatal(err)
			}
			if s.Level != "debug" {
				all = append(all, s)
			}
		default:
			return all
		}
	}
}

// A start with servers none of which can be used logs the reason of each, once.
func TestAStartWithDeadServersLogsTheReasonsInOneLine(t *testing.T) {
	c := startCluster(t, 4)
	for i := range 3 {
		c.Server(i).Kill()
	}
	log := make(lines, 10_000)
	servers := c.Addrs()[:3]
	p := startProxy(t, proxy.Config{Servers: servers, Logger: zerolog.New(log), RetryTimeout: 100 * time.Millisecond})
	if err := p.Call(endless(t), "Status.Ping", struct{}{}, nil); err == nil {
		t.Fatal("a call was served")
	}
	if err := p.SetServers(within(t), c.Addrs()[3]); err != nil {
		t.Fatal(err)
	}
	if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "recovered", func() bool { return p.View().Health(server(t, c.Addrs()[3])) == messages.Alive })
	stop(t, p.Stop)
	lost, recovered := 0, 0
	for _, s := range log.read(t, p) {
		if s.Message == "recovered" {
			recovered++
			if d, err := time.ParseDuration(s.Took); err != nil || d <= 0 || len(s.Took) > 9 {
				t.Errorf("took %q, want a duration with its unit", s.Took)
			}
		}
		if !strings.HasPrefix(s.Message, "lost") {
			continue
		}
		lost++
		for _, addr := range servers {
			if n := strings.Count(s.Error, addr); n != 1 {
				t.Errorf("%s stands %d times in %q", addr, n, s.Error)
			}
		}
		if strings.Count(s.Error, "connection refused") != 3 || len(s.Error) > 400 {
			t.Errorf("lost: %q", s.Error)
		}
	}
	if lost != 1 || recovered != 1 {
		t.Errorf("%d lines say that no server answers, %d that one does, want one each", lost, recovered)
	}
}

func TestABadConfiguredAddressIsLeftOutWithAWarningThatQuotesIt(t *testing.T) {
	log := make(lines, 1000)
	p := startProxy(t, proxy.Config{
		Servers: []string{"good", "a b", "GOOD:4647", "nomad:0", "better"}, Logger: zerolog.New(log), Pinger: pinging(upPinger),
	})
	holds(t, p, "good:4647", "better:4647")
	got := log.read(t, p)
	if len(got) != 2 || got[0].Level != "warn" || !strings.Contains(got[0].Error, `"a b"`) || !strings.Contains(got[1].Error, `"nomad:0"`) {
		t.Errorf("%+v", got)
	}

	strict, err := proxy.Start(proxy.Config{Servers: []string{"good", "GOOD"}, Strict: true, Pinger: pinging(upPinger)})
	if err != nil {
		t.Fatal(err)
	}
	holds(t, strict, "good:4647")
	stop(t, strict.Stop)
}

func TestARefusedMessageWithoutACallerIsLoggedAndQuoted(t *testing.T) {
	for _, m := range []messages.Message{
		messages.SetServers{Addrs: []string{"x", "nomad:0"}},
		messages.SetBackups{Addrs: []string{"x", "nomad:0"}},
		messages.AddBackup{Addrs: []string{"x", "nomad:0"}},
		messages.AddPrimary{Addr: "nomad:0"},
	} {
		log := make(lines, 1000)
		p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger), Logger: zerolog.New(log)})
		for range 3 {
			if err := p.Send(within(t), m); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.SetServers(within(t), "nomad:0"); err == nil { // a waiting caller is answered, it is not logged
			t.Error("it was taken")
		}
		got := log.read(t, p)
		if len(got) != 1 || got[0].Level != "warn" || !strings.Contains(got[0].Error, `"nomad:0"`) {
			t.Errorf("%T: %+v", m, got)
		}
		shown(t, p, "a:4647")
	}
}

// A line has the beginning of what may be long, and its length.
func TestASourceAndTheStateFileInALogLineAreCut(t *testing.T) {
	log := make(lines, 1000)
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 200), strings.Repeat("d", 200), strings.Repeat("d", 200))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(dir, "state")
	if err := os.WriteFile(state, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	finds := discovering(func(context.Context) ([]string, error) { return []string{"found"}, nil })
	p := startProxy(t, proxy.Config{
		Logger: zerolog.New(log), StateFile: state, Discoverer: speaking{finds, strings.Repeat("s", 400)}, Pinger: pinging(upPinger),
	})
	awaitView(t, p, "what was found", func(v *messages.View) bool { return v.Len() == 1 })
	stop(t, p.Stop)
	var all strings.Builder
	for n := len(log); n > 0; n-- {
		all.WriteString(<-log)
	}
	for _, want := range []string{`"source":"` + strings.Repeat("s", 300) + `... (400 bytes)"`, fmt.Sprintf(`"file":"%s... (%d bytes)"`, state[:512], len(state))} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("no line has %s: %s", want, all.String())
		}
	}
}

// What decided stands in the record with the same words as in the log.
func TestTheRecordHasTheReasonWhyNoServerAnswers(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger)})
	if err := p.NotifyFailed(within(t), server(t, "a"), errors.New("cable cut")); err != nil {
		t.Fatal(err)
	}
	if text := p.Explain().String(); !strings.Contains(text, "lost: no server answers servers=1: a:4647: cable cut") {
		t.Errorf("%s", text)
	}
}

// A start that fails because of TLS, or because of a name, has that in its one line: the
// reset in which it shows would give no advice.
func TestTheLineThatNoServerAnswersHasAnAdvice(t *testing.T) {
	secure, agent := tlsCluster(t)
	plain, down := startCluster(t, 1), startCluster(t, 1)
	down.Kill(0)
	_, dead, err := net.SplitHostPort(down.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	deaf := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errDown }}
	foreign, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := foreign.Client("mars")
	if err != nil {
		t.Fatal(err)
	}
	bare, strange := *agent, *agent
	bare.CertPEM, bare.KeyPEM = nil, nil
	strange.CertPEM, strange.KeyPEM = stranger.CertPEM, stranger.KeyPEM
	for name, c := range map[string]struct {
		servers []string
		tls     *pool.TLSConfig
		region  string
		want    string
	}{
		"TLS to a plain server":          {plain.Addrs(), agent, "mars", pool.ErrTLSNotSpoken.Error()},
		"plain to a server with TLS":     {secure.Addrs()[:1], nil, "mars", pool.ErrTLSWanted.Error()},
		"no certificate":                 {secure.Addrs()[:1], &bare, "mars", "it wants a certificate and none is configured"},
		"a certificate of another CA":    {secure.Addrs()[:1], &strange, "mars", "it was shown a certificate for client.mars.nomad"},
		"another region":                 {secure.Addrs()[:1], agent, "venus", "wanted server.venus.nomad, it offers server.mars.nomad, localhost"},
		"a name that is not resolved":    {[]string{"nowhere.invalid:4647"}, nil, "", "dial: lookup"},
		"a name whose server is down":    {[]string{"localhost:" + dead}, nil, "", ": connection refused"},
		"an address whose server is off": {[]string{"127.0.0.1:" + dead}, nil, "", "127.0.0.1:" + dead + ": dial: connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			log := make(lines, 10_000)
			p := startOver(t, proxy.Config{
				Servers: c.servers, Region: c.region, Logger: zerolog.New(log), RetryTimeout: far,
				Pool: pool.Config{TLS: c.tls, Resolver: deaf},
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() { _ = p.Call(ctx, "Status.Ping", nil, nil) }()
			for {
				var line struct{ Message, Error string }
				if err := json.Unmarshal([]byte(receive(t, "the line", log)), &line); err != nil {
					t.Fatal(err)
				}
				if !strings.HasPrefix(line.Message, "lost") {
					continue
				}
				if !strings.Contains(line.Error, c.want) || strings.Count(line.Error, c.servers[0]) != 1 || strings.Count(line.Error, "nowhere") > 1 {
					t.Errorf("%q", line.Error)
				}
				return
			}
		})
	}
}
