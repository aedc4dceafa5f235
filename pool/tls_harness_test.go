package pool_test

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// authority is a CA that fails its test by itself.
type authority struct {
	testing.TB
	*testutil.CA
}

func newAuthority(tb testing.TB) authority {
	tb.Helper()
	ca, err := testutil.NewCA()
	noError(tb, err)
	return authority{tb, ca}
}

// issue makes a certificate; alter, if given, changes what it would be.
func (a authority) issue(name string, alter ...func(*testutil.CertConfig)) *testutil.Identity {
	a.Helper()
	cfg := testutil.CertConfig{Names: []string{name, "localhost"}}
	for _, f := range alter {
		f(&cfg)
	}
	id, err := a.Issue(cfg)
	if err != nil {
		a.Fatal(err)
	}
	return id
}

func expired(c *testutil.CertConfig)     { c.NotAfter = time.Now().Add(-time.Minute) }
func notYet(c *testutil.CertConfig)      { c.NotBefore = time.Now().Add(time.Hour) }
func mayAlsoSign(c *testutil.CertConfig) { c.CA = true }

// client is the configuration of a client that trusts a and shows id, if any.
func (a authority) client(id *testutil.Identity) *pool.TLSConfig {
	cfg := &pool.TLSConfig{CAPEM: a.PEM()}
	if id != nil {
		cfg.CertPEM, cfg.KeyPEM = id.CertPEM, id.KeyPEM
	}
	return cfg
}

// agent is that of a client that a server takes.
func (a authority) agent() *pool.TLSConfig {
	a.Helper()
	return a.client(a.issue("client.global.nomad"))
}

// serve starts a server that shows id and speaks no newer TLS than newest.
func (a authority) serve(id *testutil.Identity, newest uint16) *testutil.Server {
	a.Helper()
	cfg := a.ServerTLS(id, "global")
	cfg.MaxVersion = newest
	return startServerWith(a, testutil.ServerConfig{KeepAlive: -1, TLS: cfg})
}

// server starts a server as it should be.
func (a authority) server() *testutil.Server {
	a.Helper()
	return a.serve(a.issue("server.global.nomad"), tls.VersionTLS13)
}
