package pool_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// lineOf reads the log up to a line with that message.
func lineOf(t *testing.T, log lines, message string) map[string]string {
	t.Helper()
	for {
		line := receive(t, "a line: "+message, log)
		fields := make(map[string]string)
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v: %s", err, line) // figures without a unit, too
		}
		if fields["message"] == message {
			return fields
		}
	}
}

func TestALogLineHasServerPhaseAndCauseOnce(t *testing.T) {
	ca := newAuthority(t)
	refuse := func(s *testutil.Server) { s.Refuse() }
	for name, c := range map[string]struct {
		server func(*testing.T) *testutil.Server
		spoil  func(*testutil.Server)
		cfg    pool.Config
		says   string
	}{
		"refused": {func(t *testing.T) *testutil.Server { return startServer(t) }, refuse, pool.Config{}, "connection refused"},
		"plain":   {func(*testing.T) *testutil.Server { return ca.server() }, nil, pool.Config{}, "handshake: the server hung up at the first byte: it may want TLS"},
		"named": {
			func(*testing.T) *testutil.Server { return ca.serve(ca.issue("server.mars.nomad"), 0) }, nil,
			pool.Config{TLS: ca.agent()},
			"handshake: the server's certificate is for another name (another region?): wanted server.global.nomad, it offers server.mars.nomad, localhost",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := c.server(t), make(lines, 100)
			if c.spoil != nil {
				c.spoil(s)
			}
			c.cfg.Logger = zerolog.New(log)
			p := newPool(t, c.cfg)
			if _, err := p.Ping(within(t), s.Addr()); err == nil {
				t.Fatal("it answers")
			}
			line := lineOf(t, log, "dial failed")
			if line["server"] != s.Addr() || !strings.HasPrefix(line["error"], c.says) || strings.Contains(line["error"], s.Addr()) || strings.Contains(line["error"], "dial") {
				t.Errorf("%q", line)
			}
			if _, err := time.ParseDuration(line["took"]); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTheAddressInALogLineIsCut(t *testing.T) {
	log := make(lines, 100)
	p := newPool(t, pool.Config{Logger: zerolog.New(log)})
	if _, err := p.Ping(within(t), strings.Repeat("x", 400)); err == nil {
		t.Fatal("it answers")
	}
	if got, want := lineOf(t, log, "dial failed")["server"], strings.Repeat("x", 320)+"... (400 bytes)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTheLinesOfASessionHaveTheServerOnceAndTheTime(t *testing.T) {
	s, log := startServer(t), make(lines, 100)
	p := newPool(t, pool.Config{Logger: zerolog.New(log)})
	held := holdCalls(t, s)
	c := call(within(t), p, s.Addr(), "Test.Hold", 1)
	receive(t, "the call", held.entered)
	s.Kill()
	lost(t, receive(t, "the call", c).err, nil)
	up, over := lineOf(t, log, "session up"), lineOf(t, log, "session over")
	for _, d := range []string{up["took"], over["lasted"]} {
		if took, err := time.ParseDuration(d); err != nil || took < 0 {
			t.Errorf("%v, %q, %q", err, up, over)
		}
	}
	if up["server"] != s.Addr() || over["server"] != s.Addr() || strings.Contains(over["error"], s.Addr()) || !strings.HasPrefix(over["error"], "read: connection reset by peer, local address 127.0.0.1:") {
		t.Errorf("%q", over)
	}
}

// The texts of a real network are short as well.
func TestTheErrorsOfARealNetworkHaveEachFactOnce(t *testing.T) {
	n := startDNS(t)
	s := startServer(t)
	s.Refuse()
	n.points("127.0.0.1")
	for _, c := range []struct{ addr, cause string }{
		{s.Addr(), `connection refused`},
		{at(s.Addr()), regexp.QuoteMeta(s.Addr()) + `: connection refused`},
		{"nomad.nowhere.:4647", `lookup on ` + regexp.QuoteMeta(n.Addr()) + `: no such host`}, // and not the one that the system has
	} {
		p := newPool(t, pool.Config{Resolver: n.Resolver()})
		_, err := p.Ping(within(t), c.addr)
		failed(t, err, pool.PhaseDial, pool.NotSent, nil)
		want := `^Status\.Ping on ` + regexp.QuoteMeta(c.addr) + `: dial: ` + c.cause + ` \(not sent\)$`
		if !regexp.MustCompile(want).MatchString(err.Error()) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
}
