package doctor

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/agenthttp"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// patient are settings with which a busy machine makes no finding. What a test wants to see
// fail it makes fail for good.
func patient(servers ...string) Config {
	cfg := Config{Timeout: time.Minute, HTTPPort: -1, Limits: Limits{Expiry: time.Minute, Slow: time.Minute}}
	for _, addr := range servers {
		cfg.Servers = append(cfg.Servers, messages.Server{Name: addr, Addr: addr})
	}
	return cfg
}

// diagnose runs the doctor.
func diagnose(t *testing.T, cfg Config) (*Report, string) {
	t.Helper()
	r, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.Text(&b); err != nil {
		t.Fatal(err)
	}
	return r, b.String()
}

// stopped ends what was started, with t.
func stopped(t *testing.T, stop func(context.Context) error) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := stop(ctx); err != nil {
			t.Error(err)
		}
	})
}

func server(t *testing.T, cfg testutil.ServerConfig) *testutil.Server {
	t.Helper()
	s, err := testutil.StartServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, s.Stop)
	return s
}

func puppet(t *testing.T, p testutil.Picture) *testutil.Server {
	t.Helper()
	s, err := testutil.StartPuppet(testutil.ServerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, s.Stop)
	if p.Configured == nil {
		p.Configured = []string{s.Addr()}
	}
	s.Tell(p)
	return s
}

func cluster(t *testing.T, cfg testutil.ClusterConfig) *testutil.Cluster {
	t.Helper()
	c, err := testutil.StartCluster(cfg)
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, c.Stop)
	return c
}

// httpAgent is the HTTP API of an agent, and its port.
func httpAgent(t *testing.T) (a *agenthttp.Server, port int) {
	t.Helper()
	a, err := agenthttp.Start(agenthttp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, a.Stop)
	_, text, _ := net.SplitHostPort(a.Addr())
	port, err = strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return a, port
}

// names is a name server with records.
func names(t *testing.T, records ...string) *dnstest.Server {
	t.Helper()
	d, err := dnstest.Start(dnstest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, d.Stop)
	if err := d.Set(records...); err != nil {
		t.Fatal(err)
	}
	return d
}

// dead is an address at which nothing listens.
func dead(t *testing.T) string {
	t.Helper()
	s := server(t, testutil.ServerConfig{})
	s.Refuse()
	return s.Addr()
}

// saying listens where each connection is answered with a text, whatever it sends, and stays
// open until the client leaves.
func saying(t *testing.T, text string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			if _, err := io.ReadFull(c, make([]byte, 1)); err == nil {
				_, _ = io.WriteString(c, text)
			}
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		<-ended
	})
	return ln.Addr().String()
}

// authority is a CA with what tests need of it.
type authority struct {
	*testutil.CA
	t *testing.T
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	return authority{ca, t}
}

func (a authority) issue(cfg testutil.CertConfig) *testutil.Identity {
	a.t.Helper()
	id, err := a.Issue(cfg)
	if err != nil {
		a.t.Fatal(err)
	}
	return id
}

// server starts a server of a region that shows what cfg says.
func (a authority) server(region string, cfg testutil.CertConfig) *testutil.Server {
	a.t.Helper()
	if cfg.Names == nil {
		cfg.Names = []string{"server." + region + ".nomad", "localhost"}
	}
	return server(a.t, testutil.ServerConfig{Region: region, FirstByteTimeout: time.Hour, TLS: a.ServerTLS(a.issue(cfg), region)})
}

// client is the configuration of a client that shows what cfg says, and trusts a.
func (a authority) client(cfg testutil.CertConfig) *pool.TLSConfig {
	a.t.Helper()
	if cfg.Names == nil {
		cfg.Names = []string{"client.global.nomad"}
	}
	id := a.issue(cfg)
	return &pool.TLSConfig{CAPEM: a.PEM(), CertPEM: id.CertPEM, KeyPEM: id.KeyPEM}
}

// clientOnly is a certificate that is not for servers.
var clientOnly = testutil.CertConfig{Usages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
