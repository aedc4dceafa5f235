package main

import (
	"bytes"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy/discover/dns"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/dnstest"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func TestAServerIsFoundByDNS(t *testing.T) {
	t.Setenv("CONSUL_HTTP_ADDR", "127.0.0.1:1") // nothing listens there
	testutil.VerifyNone(t)
	server, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop(t.Context())
	names, err := dnstest.Start(dnstest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer names.Stop(t.Context())
	_, port, err := net.SplitHostPort(server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if err := names.Set("_nomad-rpc._tcp.nomad.test. 1 IN SRV 0 0 "+port+" s1.nomad.test.", "s1.nomad.test. 1 IN A 127.0.0.1"); err != nil {
		t.Fatal(err)
	}

	var out bytes.Buffer
	cfg := dns.Config{Names: []string{"_nomad-rpc._tcp.nomad.test."}, Resolvers: []string{names.Addr()}}
	if err := run(t.Context(), &out, cfg, filepath.Join(t.TempDir(), "servers.json")); err != nil {
		t.Error(err)
	}
	if !strings.Contains(out.String(), "active: "+server.Addr()) {
		t.Errorf("explained: %s", out.String())
	}
}
