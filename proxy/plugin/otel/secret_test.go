package otel_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// identity is a signed identity, password a password of a URL.
const (
	identity = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJub21hZCJ9.c2lnbmF0dXJlLW9mLWl0"
	password = "hunter2-correct-horse"
)

// A secret is planted wherever one can come in: none is in what is exported.
func TestNoSecretIsShown(t *testing.T) {
	leaky := fmt.Errorf("dialing http://agent:%s@10.0.0.1/v1?token=%s and %s", password, password, token)
	p, c, seen := start(t, 2, func(c *proxy.Config) {
		c.NodeID = token
		c.Pool.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if strings.HasPrefix(addr, "127.0.0.1:1") && strings.HasSuffix(addr, ":1") {
				return nil, leaky
			}
			return new(net.Dialer).DialContext(ctx, network, addr)
		}
	})
	call := func(method string, args any) {
		t.Helper()
		if err := p.Call(within(t), method, args, nil); err == nil {
			t.Errorf("%s was answered", method)
		}
	}
	for _, s := range c.Servers() {
		s.Inject(
			testutil.AppError("Test.Denied", "Permission denied: token "+token+" of "+identity+" at http://u:"+password+"@h?token="+password),
			testutil.AppError("Test.Long", strings.Repeat("x", 1000)+" "+token+strings.Repeat(" y", 1000)),
			testutil.AppError("Test.Longer", strings.Repeat("x", 1010)+" "+identity+strings.Repeat(" y", 1000)),
		)
	}
	args := map[string]any{"AuthToken": token, "SecretID": identity, "QueryOptions": map[string]any{"AuthToken": token}}
	for _, method := range []string{
		"Test.Denied", "Test.Long", "Test.Longer", token, "Node." + token, "No.Such" + token, "Node.A_" + token, identity, "Node." + identity,
		"bad\xff\xfe" + token, "line\n" + token, strings.Repeat("X", 1000) + token, "",
	} {
		call(method, args)
	}
	_ = p.Call(within(t), "Test.Encode", func() { _ = token }, nil)
	if conn, err := p.Stream(within(t), "Stream."+token); err == nil {
		_ = conn.Close()
	}
	front, err := p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.NotifyFailed(within(t), front, errors.Join(leaky, errors.New(identity))); err != nil {
		t.Fatal(err)
	}
	if err := p.SetServers(within(t), "127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	brief, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = p.Call(brief, "Status.Ping", struct{}{}, nil)
	told(t, p)
	clean(t, seen)
	for _, name := range []string{"Test.Denied", "Test.Long", "rpcproxy.move"} {
		if len(seen.named(name)) == 0 {
			t.Errorf("there is no span %s", name)
		}
	}

	hostile := carrier{func(context.Context, string, string) error { return leaky }}
	p, _, seen = start(t, 1, func(c *proxy.Config) { c.Servers, c.Discoverer, c.Pinger = nil, leakyFinder{}, hostile })
	for late := time.Now().Add(limit); len(p.Snapshot().Counts.Discoveries) == 0; runtime.Gosched() {
		if time.Now().After(late) {
			t.Fatal("no discovery has ended")
		}
	}
	_ = p.Call(within(t), "Status.Ping", args, nil, proxy.WithClass(proxy.AtMostOnce))
	told(t, p)
	clean(t, seen)
}

// leakyFinder is a Discoverer whose name, addresses and error have secrets.
type leakyFinder struct{}

func (leakyFinder) Source() string { return "consul?token=" + password }
func (leakyFinder) Find(context.Context) ([]messages.Found, error) {
	return []messages.Found{
			{Addr: "http://u:" + password + "@a:1", Source: messages.Source(token)}, {Addr: token + ":4647"}, {Addr: "good:4647"},
		},
		errors.New("refused: " + token)
}
func (leakyFinder) Discover(context.Context) ([]string, error) { return nil, nil }

func clean(t *testing.T, seen *telemetry) {
	t.Helper()
	text := seen.shown(t)
	for _, secret := range []string{token, token[:9], identity, identity[:20], password} {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("%q is shown: ...%s", secret, text[max(0, i-300):min(len(text), i+100)])
		}
	}
}

// What comes from outside is printable, whatever it is.
func TestHostileTextsAreShownPrintable(t *testing.T) {
	var text string
	p, _, seen := start(t, 1, func(c *proxy.Config) {
		c.Pinger = carrier{func(context.Context, string, string) error { return errors.New(text) }}
	})
	for _, text = range testutil.HostileTexts() {
		_ = p.Call(within(t), "Test."+text, nil, nil, proxy.WithClass(proxy.AtMostOnce))
		_ = p.Call(within(t), "Test.Fails", nil, nil, proxy.WithClass(proxy.AtMostOnce))
	}
	told(t, p)
	for _, s := range seen.spans.GetSpans() {
		testutil.CheckShown(t, "name", s.Name)
		testutil.CheckShown(t, "status", s.Status.Description)
		for key, v := range values(s.Attributes) {
			testutil.CheckShown(t, key, v)
		}
		for _, e := range s.Events {
			for key, v := range values(e.Attributes) {
				testutil.CheckShown(t, key, v)
			}
		}
	}
	if n := len(seen.spans.GetSpans()); n < 20 {
		t.Errorf("%d spans", n)
	}
}
