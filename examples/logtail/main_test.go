package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

const name = "worker-1"

// setup is a cluster that speaks TLS only, an agent of it that serves logs, and a proxy that follows them.
type setup struct {
	cluster *testutil.Cluster
	p       *proxy.Proxy
	certs   string // the directory of credentials
	log     *os.File
}

// written writes credentials as files: the authority that servers must have, and a certificate of another one or the same.
func written(t *testing.T, authority, agents *testutil.CA) string {
	t.Helper()
	leaf, err := agents.Client("global")
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

func start(t *testing.T) setup {
	t.Helper()
	testutil.VerifyNone(t)
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := ca.Server("global")
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3, Server: testutil.ServerConfig{TLS: ca.ServerTLS(leaf, "global")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cluster.Stop(context.Background()) })
	for _, s := range cluster.Servers() {
		s.HandleStream("FileSystem.Logs", toAgent(s))
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "alloc"), 0o700); err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(dir, "alloc", "web.stdout"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	certs := written(t, ca, ca)

	ctx, interrupt := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, cluster.Addrs(), credentials(certs), name, dir) }()
	t.Cleanup(func() {
		interrupt()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for nodes := cluster.Nodes(); len(nodes) != 1 || nodes[0].Status != "ready"; nodes = cluster.Nodes() {
		select {
		case <-look.C:
		case err := <-ended:
			t.Fatal("the agent has ended:", err)
		}
	}
	p, err := proxy.Start(proxy.Config{Servers: cluster.Addrs(), Region: "global", Pool: pool.Config{TLS: credentials(certs)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(context.Background()) })
	return setup{cluster: cluster, p: p, certs: certs, log: log}
}

// toAgent is what a server does with the stream of a caller: it opens one to the agent and copies both ways.
func toAgent(s *testutil.Server) testutil.StreamHandler {
	return func(ctx context.Context, c net.Conn) error {
		var args map[string]any
		if err := testutil.ReadStreamRequest(c, &args); err != nil {
			return err
		}
		agent, err := s.StreamNode(ctx, nodeID(name), "FileSystem.Logs")
		if err != nil {
			return err
		}
		defer agent.Close()
		if err := testutil.WriteStreamRequest(agent, args); err != nil {
			return err
		}
		go func() {
			_, _ = io.Copy(io.Discard, c) // ends when the caller is gone
			agent.Close()
		}()
		_, _ = io.Copy(c, agent)
		return nil
	}
}

// lines is where the follower writes.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

func TestALogIsFollowedAcrossAMove(t *testing.T) {
	s := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	following, leave := context.WithCancel(ctx)
	out, ended := make(lines, 16), make(chan error, 1)
	if _, err := s.log.WriteString("first\n"); err != nil {
		t.Fatal(err)
	}
	go func() { ended <- follow(following, s.p, "alloc", "web", out) }()
	if got := next(t, out, ended); got != "first\n" {
		t.Errorf("%q", got)
	}
	front, err := s.p.FindServer()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.p.NotifyFailed(ctx, front, errors.New("it is left on purpose")); err != nil {
		t.Fatal(err)
	}
	if err := s.p.Call(ctx, "Status.Ping", struct{}{}, nil); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		line := fmt.Sprintf("line %d\n", i)
		if _, err := s.log.WriteString(line); err != nil {
			t.Fatal(err)
		}
		if got := next(t, out, ended); got != line {
			t.Errorf("%q, want %q", got, line)
		}
	}
	leave()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func next(t *testing.T, out lines, ended chan error) string {
	t.Helper()
	select {
	case line := <-out:
		return line
	case err := <-ended:
		t.Fatal("the follower has ended:", err)
		return ""
	}
}

func TestWhatIsNoLogIsRefusedWithItsCode(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		alloc, task string
		code        int
	}{{"alloc", "nothing", 404}, {"..", "web", 400}, {"/etc", "passwd", 400}, {"alloc", "../../x", 400}} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		err := follow(ctx, s.p, c.alloc, c.task, io.Discard)
		cancel()
		if refused, ok := errors.AsType[*pool.StreamError](err); !ok || refused.Code != c.code {
			t.Errorf("%s/%s: %v, want %d", c.alloc, c.task, err, c.code)
		}
	}
}

func TestWithoutACertificateOfTheClusterThereIsNoStream(t *testing.T) {
	s := start(t)
	foreign, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	certs := written(t, foreign, foreign)
	if err := os.Rename(filepath.Join(s.certs, "ca.pem"), filepath.Join(certs, "ca.pem")); err != nil {
		t.Fatal(err)
	}
	p, err := pool.New(pool.Config{TLS: credentials(certs)}) // a pool tries once, where a proxy goes on until ctx ends
	if err != nil {
		t.Fatal(err)
	}
	defer stop(p)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := p.Stream(ctx, s.cluster.Addrs()[0], "FileSystem.Logs")
	if _, refused := errors.AsType[*pool.TLSError](err); !refused {
		t.Errorf("%v, %v", conn, err)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"serve"}, {"follow", "a", "b", "c"}, {"else", "a", "b", "c", "d"}} {
		if err := run(t.Context(), args); !errors.Is(err, errUsage) {
			t.Errorf("%q: %v", args, err)
		}
	}
}
