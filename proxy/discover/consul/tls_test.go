package consul_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/consultest"
)

// secured is an agent of Consul that asks for certificates, and what a client of
// it needs.
func secured(t *testing.T) (*consultest.Server, *testutil.CA, consul.Config) {
	t.Helper()
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	server, client := issue(t, ca, "server.dc1.consul"), issue(t, ca, "client.global.nomad")
	cfg := ca.ServerTLS(server, "global")
	c := start(t, consultest.Config{TLS: cfg})
	c.SetServices("dc1", at("10.0.0.1"))
	return c, ca, consul.Config{
		Address: c.Addr(), CAFile: file(t, string(ca.PEM())), ServerName: "server.dc1.consul",
		CertFile: file(t, string(client.CertPEM)), KeyFile: file(t, string(client.KeyPEM)),
	}
}

func issue(t *testing.T, ca *testutil.CA, name string) *testutil.Identity {
	t.Helper()
	id, err := ca.Issue(testutil.CertConfig{Names: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestConsulIsAskedOverMutualTLS(t *testing.T) {
	c, _, cfg := secured(t)
	for _, address := range []string{c.Addr(), c.URL(), "http://" + c.Addr()} { // never in the clear when TLS is asked for
		cfg.Address = address
		finds(t, finder(t, cfg), "10.0.0.1:4647")
	}
	hungUp(t, c)
}

func TestTheEnvironmentNamesTheFilesForTLS(t *testing.T) {
	c, _, cfg := secured(t)
	t.Setenv("CONSUL_HTTP_ADDR", c.URL())
	t.Setenv("CONSUL_CACERT", cfg.CAFile)
	t.Setenv("CONSUL_CLIENT_CERT", cfg.CertFile)
	t.Setenv("CONSUL_CLIENT_KEY", cfg.KeyFile)
	t.Setenv("CONSUL_TLS_SERVER_NAME", cfg.ServerName)
	finds(t, finder(t, consul.Config{}), "10.0.0.1:4647")
	t.Setenv("CONSUL_CACERT", cfg.KeyFile)
	_, err := consul.New(consul.Config{})
	if bad, ok := errors.AsType[*consul.ConfigError](err); !ok || bad.Field != "CONSUL_CACERT" || !strings.Contains(err.Error(), cfg.KeyFile) {
		t.Errorf("%v, want the variable and the file", err)
	}
	finds(t, finder(t, consul.Config{CAFile: cfg.CAFile}), "10.0.0.1:4647")
}

func TestAnUntrustedServerIsUnreachableAndTheErrorHasTheReason(t *testing.T) {
	c, _, good := secured(t)
	other, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	for says, spoil := range map[string]func(*consul.Config){
		"unknown authority":           func(cfg *consul.Config) { cfg.CAFile = file(t, string(other.PEM())) },
		"valid for server.dc1.consul": func(cfg *consul.Config) { cfg.ServerName = "server.dc2.consul" },
		"certificate required":        func(cfg *consul.Config) { cfg.CertFile, cfg.KeyFile = "", "" },
	} {
		cfg := good
		spoil(&cfg)
		err := failed(t, finder(t, cfg), consul.ErrUnreachable)
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q in it", err, says)
		}
	}
	if n := c.Counts().Requests; n != 0 {
		t.Errorf("%d requests were read", n)
	}
}

func TestRenewedCertificatesCountFromTheNextWalkOn(t *testing.T) {
	c, ca, cfg := secured(t)
	d := finder(t, cfg)
	finds(t, d, "10.0.0.1:4647")
	stranger := issue(t, ca, "stranger.example")
	write(t, cfg.CertFile, string(stranger.CertPEM))
	_, err := d.Discover(limited(t))
	if bad, ok := errors.AsType[*consul.ConfigError](err); !ok || bad.Field != "CertFile" {
		t.Errorf("%v, want a *ConfigError: the key is not the certificate's", err)
	}
	write(t, cfg.KeyFile, string(stranger.KeyPEM))
	failed(t, d, consul.ErrUnreachable)
	member := issue(t, ca, "client.global.nomad")
	write(t, cfg.CertFile, string(member.CertPEM))
	write(t, cfg.KeyFile, string(member.KeyPEM))
	finds(t, d, "10.0.0.1:4647")
	hungUp(t, c)
}

func TestAnUnknownCertificateIsTakenOnlyIfTheEnvironmentAllowsIt(t *testing.T) {
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	c := start(t, consultest.Config{TLS: &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{issue(t, ca, "anybody").Certificate},
	}})
	c.SetServices("dc1", at("10.0.0.1"))
	failed(t, finder(t, consul.Config{Address: c.URL()}), consul.ErrUnreachable)
	t.Setenv("CONSUL_HTTP_SSL_VERIFY", "false")
	finds(t, finder(t, consul.Config{Address: c.URL()}), "10.0.0.1:4647")
}
