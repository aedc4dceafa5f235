package proxy_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// said is what a log line says.
type said struct{ Level, Message, Error, Server, Took string }

// read takes the lines so far that are not of debug level.
func (l lines) read(t *testing.T) (all []said) {
	t.Helper()
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

// A start with servers none of which can be used says of each why, once.
func TestAStartWithDeadServersSaysWhyInOneLine(t *testing.T) {
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
	for _, s := range log.read(t) {
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
	got := log.read(t)
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

func TestARefusedMessageThatNobodyWaitsForIsLoggedAndQuoted(t *testing.T) {
	for _, m := range []messages.Proxy{
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
		if err := p.SetServers(within(t), "nomad:0"); err == nil { // who waits is answered, not logged
			t.Error("it was taken")
		}
		got := log.read(t)
		if len(got) != 1 || got[0].Level != "warn" || !strings.Contains(got[0].Error, `"nomad:0"`) {
			t.Errorf("%T: %+v", m, got)
		}
		shown(t, p, "a:4647")
	}
}

// What decided stands in the record with the same words as in the log.
func TestTheRecordSaysWhyNoServerAnswers(t *testing.T) {
	p := startProxy(t, proxy.Config{Servers: []string{"a"}, Pinger: pinging(upPinger)})
	if err := p.NotifyFailed(within(t), server(t, "a"), errors.New("cable cut")); err != nil {
		t.Fatal(err)
	}
	if text := p.Explain().String(); !strings.Contains(text, "lost: no server answers servers=1: a:4647: cable cut") {
		t.Errorf("%s", text)
	}
}
