package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/demo"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/consultest"
)

// startConsul starts an agent of Consul that ends with t, and clears the environment
// variables of Consul's client.
func startConsul(t *testing.T, cfg consultest.Config) *consultest.Server {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "CONSUL_") {
			t.Setenv(name, "")
		}
	}
	c, err := consultest.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Stop)
	return c
}

func TestDiscoverConsulPrintsOneServerPerLine(t *testing.T) {
	c := startConsul(t, consultest.Config{})
	c.SetServices("dc2",
		consultest.Service{Address: "10.0.0.2", Port: 4647}, consultest.Service{Address: "::1", Port: 4647},
		consultest.Service{Port: 0})
	out, errs, status := program(t, "discover", "consul", "--address", c.Addr(), ample)
	expect(t, status, exitOK, out, errs)
	if out != "10.0.0.2:4647\n[::1]:4647\n" {
		t.Errorf("printed %q", out)
	}
	if !strings.Contains(errs, `1 entries of datacenter "dc2"`) {
		t.Errorf("standard error %q, want how many were left out", errs)
	}
	out, errs, status = program(t, "discover", "consul", "--address", c.Addr(), "--json", ample)
	expect(t, status, exitOK, out, errs)
	if want := `{"servers":[{"addr":"10.0.0.2:4647","from":"dc2"},{"addr":"[::1]:4647","from":"dc2"}],"failed":[]}` + "\n"; out != want {
		t.Errorf("printed %s, want %s", out, want)
	}
}

func TestDiscoverConsulExitsWithOneWhenItFindsNothing(t *testing.T) {
	c := startConsul(t, consultest.Config{})
	out, errs, status := program(t, "discover", "consul", "--address", c.Addr(), "--json", ample)
	expect(t, status, exitFailed, out, errs)
	if !strings.Contains(errs, `in datacenter "dc1": no servers are registered`) || out != "" {
		t.Errorf("out %q, err %q", out, errs)
	}
	dead := startCluster(t).Server(0) // no other process has its address
	dead.Kill()
	out, errs, status = program(t, "discover", "consul", "--address", dead.Addr(), ample)
	expect(t, status, exitFailed, out, errs)
	if !strings.Contains(errs, "refused") {
		t.Errorf("err %q", errs)
	}
}

func TestDiscoverConsulSaysHowManyServersAreCritical(t *testing.T) {
	c := startConsul(t, consultest.Config{})
	c.SetServices("dc1", consultest.Service{Address: "10.0.0.1", Port: 1, Status: "critical"},
		consultest.Service{Address: "10.0.0.2", Port: 1}, consultest.Service{Address: "10.0.0.3", Port: 1, Status: "maintenance"})
	for _, json := range []bool{false, true} {
		args := []string{"discover", "consul", "--address", c.Addr(), ample}
		if json {
			args = append(args, "--json")
		}
		out, errs, status := program(t, args...)
		expect(t, status, exitOK, out, errs)
		if want := "rpcproxy: 2 of 3 servers, the last ones, are in a critical state or in maintenance\n"; errs != want || !json && out != "10.0.0.2:1\n10.0.0.1:1\n10.0.0.3:1\n" {
			t.Errorf("printed %q and %q, want %q", out, errs, want)
		}
	}
}

func TestDiscoverConsulAsksByItsFlags(t *testing.T) {
	c := startConsul(t, consultest.Config{Token: "known"})
	c.SetServices("dc2", consultest.Service{Address: "10.0.0.2", Port: 1, Service: "east", Tags: []string{"x"}})
	name := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(name, []byte("known\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, env := range [][2]string{{"CONSUL_HTTP_TOKEN", "known"}, {"CONSUL_HTTP_TOKEN_FILE", name}, {"CONSUL_HTTP_TOKEN", "wrong"}} {
		t.Setenv("CONSUL_HTTP_TOKEN", "")
		t.Setenv(env[0], env[1])
		var token []string
		if env[1] == "wrong" {
			token = []string{"--token-file", name}
		}
		out, errs, status := program(t, append(token, "discover", "consul", "--address", c.Addr(),
			"--datacenter", "dc2", "--service", "east", "--tag", "x", ample)...)
		expect(t, status, exitOK, out, errs)
		if out != "10.0.0.2:1\n" {
			t.Errorf("printed %q", out)
		}
	}
	if n := c.Count("", "dc1"); n != 3 {
		t.Errorf("%d requests for dc1, want the three for the list of datacenters", n)
	}
	t.Setenv("CONSUL_HTTP_ADDR", c.Addr())
	t.Setenv("CONSUL_HTTP_TOKEN_FILE", "")
	t.Setenv("CONSUL_HTTP_TOKEN", "another")
	out, errs, status := program(t, "discover", "consul", ample)
	expect(t, status, exitFailed, out, errs)
	if !strings.Contains(errs, "permission denied") || strings.Contains(errs, "another") {
		t.Errorf("err %q", errs)
	}
}

func TestDiscoverConsulSpeaksTLS(t *testing.T) {
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	server, err := ca.Server("global")
	if err != nil {
		t.Fatal(err)
	}
	client, err := ca.Client("global")
	if err != nil {
		t.Fatal(err)
	}
	c := startConsul(t, consultest.Config{TLS: ca.ServerTLS(server, "global")})
	c.SetServices("dc1", consultest.Service{Address: "10.0.0.1", Port: 4647})
	dir := t.TempDir()
	args := []string{"discover", "consul", "--address", c.Addr(), ample, "--tls-server-name", "server.global.nomad"}
	for flag, text := range map[string][]byte{"ca": ca.PEM(), "cert": client.CertPEM, "key": client.KeyPEM} {
		name := filepath.Join(dir, flag+".pem")
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--"+flag, name)
	}
	out, errs, status := program(t, args...)
	expect(t, status, exitOK, out, errs)
	if out != "10.0.0.1:4647\n" {
		t.Errorf("printed %q", out)
	}
}

func TestDiscoverConsulEndsWithItsTimeoutAndWithAnInterrupt(t *testing.T) {
	c := startConsul(t, consultest.Config{})
	c.Inject(consultest.Hang())
	out, errs, status := program(t, "discover", "consul", "--address", c.Addr(), "--timeout", "50ms")
	expect(t, status, exitFailed, out, errs)
	if !strings.Contains(errs, "no servers found within 50ms") {
		t.Errorf("err %q", errs)
	}
	ctx, stop := context.WithCancelCause(t.Context())
	var o, e strings.Builder
	ended := make(chan int, 1)
	before := c.Counts().Requests
	go func() {
		ended <- run(ctx, demo.Full(), []string{"discover", "consul", "--address", c.Addr(), ample}, &o, &e)
	}()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for c.Counts().Requests == before {
		select {
		case <-look.C:
		case status := <-ended:
			t.Fatalf("it exited with %d before it asked: %s", status, e.String())
		}
	}
	stop(errors.New("interrupted"))
	expect(t, <-ended, exitInterrupted, o.String(), e.String())
}

func TestBadFlagsOfDiscoverConsulAreBadUsage(t *testing.T) {
	c := startConsul(t, consultest.Config{})
	t.Setenv("CONSUL_HTTP_ADDR", c.Addr())
	for says, args := range map[string]string{
		"--timeout is 0s":      "--timeout 0s",
		`Address is "nowhere"`: "--address nowhere",
		`TokenFile is "none"`:  "--token-file none",
		`CAFile is "none"`:     "--ca none",
		`Service is "a/b"`:     "--service a/b",
		"superfluous":          "superfluous",
	} {
		out, errs, status := program(t, append([]string{"discover", "consul"}, strings.Fields(args)...)...)
		expect(t, status, exitUsage, out, errs)
		if !strings.Contains(errs, says) || out != "" {
			t.Errorf("%s: out %q, err %q, want %q", args, out, errs, says)
		}
	}
	if n := c.Counts().Accepted; n != 0 {
		t.Errorf("%d connections", n)
	}
}

func TestDiscoverExplainsItself(t *testing.T) {
	out, errs, status := program(t, "discover", "consul", "--help")
	expect(t, status, exitOK, out, errs)
	for _, part := range []string{"Exit status", "Examples:", "rpcproxy discover consul"} {
		if !strings.Contains(out, part) {
			t.Errorf("the help has no %q:\n%s", part, out)
		}
	}
	out, errs, status = program(t, "discover")
	expect(t, status, exitUsage, out, errs)
	for _, part := range []string{"rpcproxy discover consul", "rpcproxy discover dns"} {
		if !strings.Contains(errs, part) {
			t.Errorf("standard error has no %q: %q", part, errs)
		}
	}
}
