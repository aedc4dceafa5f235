package operate

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// startOn starts a proxy that ends with t.
func startOn(t *testing.T, cfg proxy.Config) *proxy.Proxy {
	t.Helper()
	p, err := proxy.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(context.Background()) })
	return p
}

// startServer starts a server that ends with t.
func startServer(t *testing.T, cfg testutil.ServerConfig) *testutil.Server {
	t.Helper()
	s, err := testutil.StartServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop(context.Background()) })
	return s
}

func TestWhatAFailureMeansIsSaid(t *testing.T) {
	answers := func(err error) func(*testutil.Server) testutil.Handler {
		return func(*testutil.Server) testutil.Handler {
			return func(context.Context, *testutil.Request) (any, error) { return map[string]any{}, err }
		}
	}
	dies := func(s *testutil.Server) testutil.Handler {
		return func(context.Context, *testutil.Request) (any, error) { s.Kill(); return nil, nil }
	}
	for name, c := range map[string]struct {
		handler func(*testutil.Server) testutil.Handler // nil: the server is down
		says    string                                  // empty: it is answered
	}{
		"answered": {answers(nil), ""},
		"denied":   {answers(errors.New(testutil.ErrTextPermissionDenied)), `a token that may dispatch "batch"`},
		"died":     {dies, `look whether "batch" runs`},
		"down":     {nil, `start "batch" again, it did not come further than dial`},
	} {
		s := startServer(t, testutil.ServerConfig{})
		cfg := proxy.Config{Servers: []string{s.Addr()}}
		if c.handler == nil {
			cfg.RetryTimeout = 2 * time.Second // nothing else is waited for
		}
		p := startOn(t, cfg)
		if c.handler == nil {
			s.Kill()
		} else {
			s.Handle("Job.Dispatch", c.handler(s))
		}
		err := dispatch(t.Context(), p, "batch")
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// written writes the credentials of an agent as files.
func written(t *testing.T, authority, agent *testutil.CA) string {
	t.Helper()
	leaf, err := agent.Client("global")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string][]byte{"ca.pem": authority.PEM(), "agent.pem": leaf.CertPEM, "agent-key.pem": leaf.KeyPEM} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestWhatCameOfNewCredentialsIsSaid(t *testing.T) {
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := ca.Server("global")
	if err != nil {
		t.Fatal(err)
	}
	s := startServer(t, testutil.ServerConfig{TLS: ca.ServerTLS(leaf, "global")})
	p := startOn(t, proxy.Config{Servers: []string{s.Addr()}, Pool: pool.Config{TLS: files(written(t, ca, ca))}})
	if err := p.Call(t.Context(), "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	missing := files(written(t, ca, ca))
	missing.KeyFile = ""
	for _, c := range []struct {
		next  *pool.TLSConfig
		says  string
		fails bool
	}{
		{files(written(t, ca, ca)), "in force", false},
		{missing, "nothing has changed: CertFile is a certificate without its key", true},
		{files(written(t, ca, foreign)), "offered until a server takes the certificate", false},
	} {
		if said, err := replace(t.Context(), p, c.next); !strings.HasPrefix(said, c.says) || (err != nil) != c.fails {
			t.Errorf("%q, %v; want %q", said, err, c.says)
		}
		if err := p.Call(t.Context(), "Status.Ping", struct{}{}, nil); err != nil {
			t.Errorf("after %q: %v", c.says, err)
		}
	}
}

// writer is a log's writer that returns when it is closed.
type writer chan struct{}

func (w writer) Write(b []byte) (int, error) {
	<-w
	return len(b), nil
}

func TestALogThatDoesNotKeepUpIsComplainedOf(t *testing.T) {
	var log bytes.Buffer
	p, err := start([]string{"10.0.0.1"}, &log)
	if err != nil {
		t.Fatal(err)
	}
	said := complaints(p)
	if err := errors.Join(p.SetServers(t.Context(), "10.0.0.2"), p.Stop(t.Context())); err != nil || len(said) > 0 || !strings.Contains(log.String(), "servers set by hand") {
		t.Errorf("%v, %q: %s", err, said, log.String())
	}

	release := make(writer)
	if p, err = start([]string{"10.0.0.1"}, release); err != nil {
		t.Fatal(err)
	}
	for i := range 1100 {
		if err := p.SetServers(t.Context(), []string{"10.0.0.1", "10.0.0.2"}[i%2]); err != nil { // a line each
			t.Fatal(err)
		}
	}
	if said := complaints(p); len(said) != 1 || !strings.Contains(said[0], "log lines were lost") {
		t.Errorf("%q", said)
	}
	close(release)
	if err := p.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
