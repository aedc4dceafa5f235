package proxy_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// speaking is a Discoverer with any name.
type speaking struct {
	discovering
	name string
}

func (s speaking) Source() string { return s.name }

// One text from outside is everything that a heartbeat, a caller, a discovery and a
// server's own errors bring: nothing of it forges a line of the log or of Explain, and
// the explanation is as clean as JSON.
func TestNeitherLogNorExplainShowsWhatIsNotPrintable(t *testing.T) {
	for i, text := range testutil.HostileTexts() {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { showHostile(t, text) })
		})
	}
}

func showHostile(t *testing.T, text string) {
	cause := &testutil.HostileError{Text: text}
	runs := 0
	log := make(lines, 10_000)
	state := filepath.Join(t.TempDir(), strings.ReplaceAll(text[:min(len(text), 60)], "\x00", ""))
	if err := os.WriteFile(state, []byte(text), 0o600); err != nil {
		t.Fatal(err) // it is read as damaged
	}
	p := startProxy(t, proxy.Config{
		Servers: []string{"a", "b", text}, Logger: zerolog.New(log).Level(zerolog.DebugLevel),
		Pinger: embedded{
			func(context.Context, string) (time.Duration, error) { return 0, cause },
			func(_ context.Context, _, method string) error {
				return &pool.CallError{Method: method, Server: text, Err: cause}
			},
		},
		Discoverer: speaking{func(context.Context) ([]string, error) {
			if runs++; runs == 1 {
				return nil, cause
			}
			return []string{text, "found"}, nil
		}, text},
		StateFile: state,
	})
	a := server(t, "a")
	foreign := messages.Server{Name: text, Addr: text}
	for _, m := range []messages.Message{
		messages.HeartbeatUpdate{Servers: []messages.ServerInfo{{RPCAdvertiseAddr: "a", Datacenter: text}, {RPCAdvertiseAddr: text}, {RPCAdvertiseAddr: "c"}}, LeaderRPCAddr: text, From: foreign},
		messages.HeartbeatUpdate{Servers: []messages.ServerInfo{{RPCAdvertiseAddr: text}}, LeaderRPCAddr: text, From: a},
		messages.FailureNotice{Server: a, Err: cause},
		messages.FailureNotice{Server: a, Err: errors.Join(cause, cause), NoQuorum: true},
		messages.FailureNotice{Server: foreign, Err: cause},
		messages.Recovered{Server: foreign},
		messages.Reconnected{Server: foreign},
		messages.Suspected{Addr: text},
		messages.AddPrimary{Addr: text},
		messages.AddBackup{Addrs: []string{text}},
		messages.RemoveServer{Server: foreign},
		messages.ProbeDone{Round: 1, Server: foreign, Err: cause},
	} {
		if err := p.Send(within(t), m); err != nil {
			t.Fatal(err)
		}
	}
	refused := p.SetServers(within(t), text, "/")
	testutil.CheckShown(t, "the answer to SetServers", refused.Error())
	_, refused = p.AddPrimary(within(t), text)
	testutil.CheckShown(t, "the answer to AddPrimary", refused.Error())
	for v := range p.Watch(within(t)) {
		if slices.Contains(v.Addrs(), "found:4647") {
			break
		}
	}
	for _, s := range []string{"a", "b", "c"} {
		if err := p.NotifyFailed(within(t), server(t, s), fmt.Errorf("%s: %w", text, cause)); err != nil {
			t.Fatal(err)
		}
	}
	err := p.Call(within(t), text, nil, nil, proxy.WithClass(proxy.AtMostOnce))
	testutil.CheckShown(t, "a call", err.Error())
	if !errors.Is(err, cause) {
		t.Errorf("the cause is not reached: %.200v", err)
	}
	stop(t, p.Stop)

	e := p.Explain()
	for line := range strings.Lines(e.String()) {
		testutil.CheckShown(t, "Explain", strings.TrimSuffix(line, "\n"))
		if strings.HasPrefix(strings.TrimSpace(line), "FORGED") {
			t.Errorf("a line of the explanation is forged: %q", line)
		}
	}
	asJSON, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(asJSON), ",") {
		testutil.CheckShown(t, "Explain as JSON", part)
	}
	if asJSON, err = json.Marshal(p.Snapshot()); err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(asJSON), ",") {
		testutil.CheckShown(t, "Snapshot as JSON", part)
	}
	for n := len(log); n > 0; n-- {
		testutil.CheckShown(t, "log", strings.TrimSuffix(<-log, "\n"))
	}
}
