package slogger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	slogger "github.com/open-nomad/rpcproxy/proxy/plugin/slog"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

const (
	limit  = time.Minute
	secret = "8f2c1a34-5b6d-4e7f-9a0b-1c2d3e4f5a6b"
)

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

// lines is where a log goes to, line by line. It is full only in a test that writes much.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

// read waits for a line with that message, and returns all until then.
func (l lines) read(t testing.TB, message string) (all []map[string]any) {
	t.Helper()
	for ctx := within(t); ; {
		select {
		case text := <-l:
			line := make(map[string]any)
			d := json.NewDecoder(bytes.NewReader([]byte(text)))
			d.UseNumber()
			if err := d.Decode(&line); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			delete(line, "queued") // of zerolog's lines, where the machine is slow
			all = append(all, line)
			if line["message"] == message {
				return all
			}
		case <-ctx.Done():
			t.Fatalf("no line %q among %v", message, all)
		}
	}
}

// asZerolog names what slog.JSONHandler writes as zerolog does, and leaves the time out.
func asZerolog(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.TimeKey:
		return slog.Attr{}
	case slog.LevelKey:
		return slog.String("level", strings.ToLower(a.Value.String()))
	case slog.MessageKey:
		return slog.String("message", a.Value.String())
	}
	return a
}

func handler(l lines, level slog.Leveler) slog.Handler {
	return slog.NewJSONHandler(l, &slog.HandlerOptions{Level: level, ReplaceAttr: asZerolog})
}

// failOver runs a proxy until a call has found no server, then one, then another one in place of that,
// with secrets in what the agent gives. It returns the log.
func failOver(t testing.TB, log zerolog.Logger, from lines) (all []map[string]any, cluster []string) {
	t.Helper()
	c, err := testutil.StartCluster(testutil.ClusterConfig{Size: 5})
	if err != nil {
		t.Fatal(err)
	}
	stops(t, c.Stop)
	for i := range 3 {
		c.Server(i).Kill()
	}
	p, err := proxy.Start(proxy.Config{
		Servers: append(c.Addrs()[:3], "nomad:0"), Logger: log, Pool: pool.Config{Logger: log},
		RetryTimeout: limit, Rebalance: proxy.Timing{Spread: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	stops(t, p.Stop)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Call(ctx, "Status.Ping", map[string]any{"AuthToken": secret}, nil) }()
	all = from.read(t, "lost: no server answers")
	cancel()
	if err := <-ended; err == nil {
		t.Fatal("a call was served")
	}
	if err := p.SetServers(within(t), c.Addrs()[3:]...); err != nil {
		t.Fatal(err)
	}
	if err := p.Call(within(t), "No.Such", map[string]any{"AuthToken": secret, "SecretID": secret}, nil); err == nil {
		t.Fatal("a call of nothing was served")
	}
	if err := p.Call(within(t), "Status.Ping", map[string]any{"AuthToken": secret}, nil); err != nil {
		t.Fatal(err)
	}
	all = append(all, from.read(t, "recovered")...)
	front, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	for i, addr := range c.Addrs() {
		if addr == front.Addr {
			c.Server(i).Kill()
		}
	}
	if err := p.Call(within(t), "Status.Ping", map[string]any{"AuthToken": secret}, nil); err != nil {
		t.Fatal(err)
	}
	return append(all, from.read(t, "failing over")...), c.Addrs()
}

func stops(t testing.TB, stop func(context.Context) error) {
	t.Cleanup(func() {
		if err := stop(within(t)); err != nil {
			t.Error(err)
		}
	})
}

// said are the lines that each run has, in this order.
var said = []string{"a configured server is left out", "failing over", "lost: no server answers", "servers set by hand", "recovered", "failing over"}

// shapes is what two runs have in common of their lines: durations, counts and ports differ, in which order servers are tried,
// and how a connection that was cut ends.
func shapes(all []map[string]any, cluster []string) (s []string) {
	for _, line := range all {
		if line["level"] == "debug" || !slices.Contains(said, fmt.Sprint(line["message"])) {
			continue
		}
		text := ""
		for _, name := range slices.Sorted(maps.Keys(line)) {
			v := fmt.Sprint(line[name])
			for i, addr := range cluster {
				v = strings.ReplaceAll(v, addr, []string{"dead", "dead", "dead", "live", "live"}[i])
			}
			_, err := time.ParseDuration(v)
			switch line[name].(type) {
			case json.Number:
				v = "a number"
			case string:
				if err == nil {
					v = "a duration"
				} else if name == "error" && line["message"] == "failing over" {
					v = "an error"
				}
			}
			text += name + "=" + v + " "
		}
		s = append(s, text)
	}
	return s
}

func TestAFailoverIsLoggedAsZerologLogsIt(t *testing.T) {
	zero, values := make(lines, 10_000), make(lines, 10_000)
	want, first := failOver(t, zerolog.New(zero).With().Str("component", "rpc").Logger(), zero)
	got, second := failOver(t, slogger.New(handler(values, slog.LevelDebug)).With().Str("component", "rpc").Logger(), values)
	if a, b := shapes(got, second), shapes(want, first); !slices.Equal(a, b) || len(a) != len(said) {
		t.Errorf("with slog\n%s\nwith zerolog\n%s", strings.Join(a, "\n"), strings.Join(b, "\n"))
	}
	for _, line := range got {
		if line["component"] != "rpc" || strings.Contains(fmt.Sprint(line), secret) {
			t.Errorf("%v", line)
		}
	}
}

// asking is a handler that tells of each level that it was asked for, when that was answered.
type asking struct {
	slog.Handler
	asked chan slog.Level
}

func (a asking) Enabled(ctx context.Context, level slog.Level) bool {
	defer func() { a.asked <- level }()
	return a.Handler.Enabled(ctx, level)
}

// A level that is changed while the proxy runs counts from the next line on.
func TestALevelMayChange(t *testing.T) {
	server, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	stops(t, server.Stop)
	var level slog.LevelVar
	level.Set(slog.LevelError)
	from := make(lines, 10_000)
	h := asking{handler(from, &level), make(chan slog.Level, 10_000)}
	p, err := proxy.Start(proxy.Config{Servers: []string{server.Addr(), "nomad:0"}, Logger: slogger.New(h)})
	if err != nil {
		t.Fatal(err)
	}
	stops(t, p.Stop)
	for ctx, level := within(t), slog.LevelDebug; level != slog.LevelWarn; {
		select {
		case level = <-h.asked:
		case <-ctx.Done():
			t.Fatal("the handler is not asked")
		}
	}
	front, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	level.Set(slog.LevelDebug)
	if err := p.NotifyFailed(within(t), front, errors.New("does not do as it is told")); err != nil {
		t.Fatal(err)
	}
	for _, line := range from.read(t, "server failed") {
		if line["message"] == "a configured server is left out" {
			t.Errorf("%v", line)
		}
	}
}

// harmful is a handler that does some harm with each line.
type harmful struct {
	slog.Handler
	harm func()
}

func (h harmful) Enabled(context.Context, slog.Level) bool  { return true }
func (h harmful) Handle(context.Context, slog.Record) error { h.harm(); return nil }

func TestAHandlerThatPanicsOrBlocksHoldsNoCallUp(t *testing.T) {
	release := make(chan struct{})
	for name, harm := range map[string]func(){
		"panics": func() { panic("in the handler") }, "exits": runtime.Goexit, "blocks": func() { <-release },
	} {
		t.Run(name, func(t *testing.T) {
			c, err := testutil.StartCluster(testutil.ClusterConfig{Size: 2})
			if err != nil {
				t.Fatal(err)
			}
			stops(t, c.Stop)
			p, err := proxy.Start(proxy.Config{Servers: c.Addrs(), Logger: slogger.New(harmful{harm: harm})})
			if err != nil {
				t.Fatal(err)
			}
			var callers sync.WaitGroup
			for range 64 {
				callers.Go(func() {
					for range 10 {
						if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
							t.Error(err)
						}
					}
				})
			}
			for i := range 1200 { // more than wait in the queue
				if err := p.SetServers(within(t), c.Addrs()[:1+i%2]...); err != nil { // which is a line
					t.Fatal(err)
				}
				if err := p.Call(within(t), "Status.Ping", struct{}{}, nil); err != nil {
					t.Fatal(err)
				}
			}
			callers.Wait()
			if name == "blocks" {
				if n := p.Stats().LostLines; n == 0 {
					t.Error("no line was lost")
				}
				defer close(release)
			}
			if err := p.Stop(within(t)); err != nil {
				t.Error(err)
			}
			if n := p.Stats().Panics; name != "blocks" && n == 0 {
				t.Error("no panic was counted")
			}
		})
	}
}
