package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

// secured starts a server of region mars with TLS. flags are those of a client that
// it accepts, without the name of the server.
func secured(t *testing.T) (s *testutil.Server, flags []string) {
	t.Helper()
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	server, err := ca.Server("mars")
	if err != nil {
		t.Fatal(err)
	}
	client, err := ca.Client("mars")
	if err != nil {
		t.Fatal(err)
	}
	s, err = testutil.StartServer(testutil.ServerConfig{Region: "mars", TLS: ca.ServerTLS(server, "mars")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), limit)
		defer stop()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	dir := t.TempDir()
	for _, f := range []struct {
		flag string
		text []byte
	}{{"ca", ca.PEM()}, {"cert", client.CertPEM}, {"key", client.KeyPEM}} {
		name := filepath.Join(dir, f.flag+".pem")
		if err := os.WriteFile(name, f.text, 0o600); err != nil {
			t.Fatal(err)
		}
		flags = append(flags, "--"+f.flag, name)
	}
	return s, flags
}

func TestPingAndCallSpeakTLS(t *testing.T) {
	s, flags := secured(t)
	out, errs, status := program(t, append([]string{"ping", ample, "--servers", s.Addr(), "--tls-server-name", "server.mars.nomad"}, flags...)...)
	expect(t, status, exitOK, out, errs)
	out, errs, status = program(t, append([]string{"call", ample, "Echo.Echo", "--servers", s.Addr(), "--region", "mars"}, flags...)...)
	expect(t, status, exitOK, out, errs)
	if !strings.Contains(out, `"mars"`) {
		t.Errorf("%s", out)
	}
}

func TestTheNameOfAServerMayBeLeftOpen(t *testing.T) {
	s, flags := secured(t)
	flags = append(flags, "--no-verify-server-name", "--tls-min-version", "1.2", "--tls-cipher-suites", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
	for _, command := range [][]string{{"ping"}, {"call", "Echo.Echo"}} {
		out, errs, status := program(t, append(append(command, ample, "--servers", s.Addr()), flags...)...)
		expect(t, status, exitOK, out, errs)
	}
}

func TestPingPrintsTheReasonWhenAServerIsNotTrusted(t *testing.T) {
	s, flags := secured(t)
	out, errs, status := program(t, append([]string{"ping", ample, "--servers", s.Addr()}, flags...)...)
	expect(t, status, exitFailed, out, errs)
	if !strings.Contains(out, "wanted server.global.nomad, it offers server.mars.nomad, localhost") {
		t.Errorf("%s", out)
	}
	out, errs, status = program(t, "ping", ample, "--servers", s.Addr())
	expect(t, status, exitFailed, out, errs)
	if !strings.Contains(out, "may want TLS") {
		t.Errorf("%s", out)
	}
}

func TestBadTLSFlagsAreBadUsage(t *testing.T) {
	s, flags := secured(t)
	for want, args := range map[string][]string{
		"--ca is missing":                             flags[2:],
		"TLSConfig.CertFile":                          flags[:4],
		"TLSConfig.KeyFile":                           append([]string{flags[4], flags[5]}, flags[:2]...),
		"none.pem cannot be read":                     {"--ca", "none.pem"},
		"cert.pem holds certificates, an":             {"--ca", flags[3]},
		`--tls-min-version is "1.1": give 1.2 or 1.3`: append([]string{"--tls-min-version", "1.1"}, flags...),
		`"RC4": give some of TLS_ECDHE_`:              append([]string{"--tls-cipher-suites", "RC4"}, flags...),
		"TLS_RSA_WITH_AES_128_CBC_SHA: give some":     append([]string{"--tls-cipher-suites", "TLS_RSA_WITH_AES_128_CBC_SHA"}, flags...),
		"other flags of TLS need it":                  {"--no-verify-server-name"},
	} {
		for _, command := range [][]string{{"ping"}, {"call", "Status.Ping"}} {
			out, errs, status := program(t, append(append(command, "--servers", s.Addr()), args...)...)
			expect(t, status, exitUsage, out, errs)
			if !strings.Contains(errs, want) {
				t.Errorf("%v: %q, want %q", command, errs, want)
			}
		}
	}
	if n := s.Counts().Accepted; n != 0 {
		t.Errorf("%d connections", n)
	}
}

func TestTheWholeDemoGoesOverTLS(t *testing.T) {
	out, errs, status := runDemo(t, brisk(), "--tls", "--json", "--callers", "10")
	expect(t, status, exitOK, out, errs)
	if o := readOutcome(t, out); o.Calls == 0 || o.Failed != 0 || *o.Leaked != 0 {
		t.Errorf("%+v", o)
	}
}
