package agentapi

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/agenthttp"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func start(t *testing.T, cfg agenthttp.Config) *agenthttp.Server {
	t.Helper()
	a, err := agenthttp.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return a
}

func TestAnAgentTellsItsServersAndGetsNoToken(t *testing.T) {
	t.Setenv("NOMAD_TOKEN", "s3cr3t")
	a := start(t, agenthttp.Config{})
	a.SetPeers("10.0.0.1:4647", "10.0.0.2:4647")
	for _, cfg := range []Config{{Addr: a.URL()}, {Addr: a.Addr()}, {Addr: a.URL() + "/"}, {Addr: a.URL(), Region: "global"}} {
		cfg.Timeout = time.Minute
		peers, err := Peers(t.Context(), cfg)
		if err != nil || !slices.Equal(peers, []string{"10.0.0.1:4647", "10.0.0.2:4647"}) {
			t.Errorf("%+v: %v, %v", cfg, peers, err)
		}
	}
	if n, token := a.Asked(); n != 4 || token != "" {
		t.Errorf("asked %d times, with the token %q", n, token)
	}
}

func TestAnAgentIsAskedOverHTTPS(t *testing.T) {
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
	a := start(t, agenthttp.Config{TLS: ca.ServerTLS(server, "global")})
	a.SetPeers("10.0.0.1:4647")
	good := Config{Addr: a.URL(), CAPEM: ca.PEM(), CertPEM: client.CertPEM, KeyPEM: client.KeyPEM, ServerName: "server.global.nomad", Timeout: time.Minute}
	if peers, err := Peers(t.Context(), good); err != nil || len(peers) != 1 {
		t.Errorf("%v, %v", peers, err)
	}
	for says, change := range map[string]func(*Config){
		"doesn't contain any IP SANs":      func(c *Config) { c.ServerName = "" },
		"signed by unknown authority":      func(c *Config) { c.CAPEM = nil },
		"certificate required":             func(c *Config) { c.CertPEM = nil },
		"no CERTIFICATE block":             func(c *Config) { c.CAPEM = []byte("x") },
		"HTTP request to an HTTPS server":  func(c *Config) { c.Addr = a.Addr() },
		filepath.Join("none", "there.pem"): func(c *Config) { c.CAFile = filepath.Join("none", "there.pem") },
	} {
		bad := good
		change(&bad)
		if _, err := Peers(t.Context(), bad); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

func TestWhatAnAgentAnswersElseIsAnError(t *testing.T) {
	a := start(t, agenthttp.Config{})
	for _, c := range []struct {
		status int
		text   string
		says   string
	}{
		{http.StatusInternalServerError, "No path\x1b[2J to region", `it answers 500: No path\x1b[2J to region`},
		{http.StatusOK, "[]", "it knows none"},
		{http.StatusOK, "<html>", "something else than a list of addresses: <html>"},
		{http.StatusOK, "[" + strings.Repeat(" ", limit) + "]", "more than 1048576 bytes"},
		{http.StatusFound, "", "it answers 302"},
	} {
		a.Answer(c.status, c.text)
		_, err := Peers(t.Context(), Config{Addr: a.URL(), Timeout: time.Minute})
		if _, ok := errors.AsType[*Error](err); !ok || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%d: %v, want %q", c.status, err, c.says)
		}
	}
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	for addr, says := range map[string]string{
		"ftp://a":              "neither http nor https",
		"http://":              "it has no host",
		"":                     "it has no host",
		"http://a:b":           "invalid port",
		"http://a?x=1":         "more than a host",
		"http://me:pw@a?x=1\n": "...@a",
		"unix://":              "neither http nor https",
	} {
		_, err := Peers(t.Context(), Config{Addr: addr})
		if _, ok := errors.AsType[*AddrError](err); !ok || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "pw") {
			t.Errorf("%q: %v, want %q", addr, err, says)
		}
	}
}

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{&AddrError{Addr: text, Reason: text}, &Error{Addr: text, Err: cause}}
	})
}
