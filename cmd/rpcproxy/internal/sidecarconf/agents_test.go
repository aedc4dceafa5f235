package sidecarconf

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

// keys are files for TLS towards agents.
type keys struct {
	t   *testing.T
	dir string
	ca  *testutil.CA
}

func newKeys(t *testing.T) *keys {
	t.Helper()
	ca, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	k := &keys{t: t, dir: t.TempDir(), ca: ca}
	k.put("ca.pem", ca.PEM())
	return k
}

func (k *keys) put(name string, text []byte) {
	k.t.Helper()
	if err := os.WriteFile(k.path(name), text, 0o600); err != nil {
		k.t.Fatal(err)
	}
}

func (k *keys) path(name string) string { return filepath.Join(k.dir, name) }

func (k *keys) issue(name string) *testutil.Identity {
	k.t.Helper()
	id, err := k.ca.Issue(testutil.CertConfig{Names: []string{name}})
	if err != nil {
		k.t.Fatal(err)
	}
	return id
}

// front writes what the sidecar shows.
func (k *keys) front(name string) {
	k.t.Helper()
	id := k.issue(name)
	k.put("cert.pem", id.CertPEM)
	k.put("key.pem", id.KeyPEM)
}

// shake makes a handshake of a client that shows id, and returns what the server makes of it.
func shake(t *testing.T, server, client *tls.Config) error {
	t.Helper()
	a, b := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c := tls.Client(b, client)
		_ = c.Handshake()
		_, _ = c.Read(make([]byte, 1)) // the verdict comes behind the handshake
		_ = b.Close()
	}()
	err := tls.Server(a, server).HandshakeContext(t.Context())
	_ = a.Close()
	<-ended
	return err
}

func TestAgentsShowACertificateOfTheirRegion(t *testing.T) {
	k := newKeys(t)
	k.front("server.global.nomad")
	c := load(t, nil, "--servers", "10.0.0.1", "--agent-cert", k.path("cert.pem"), "--agent-key", k.path("key.pem"), "--agent-ca", k.path("ca.pem"))
	cfg, warning, err := c.LoadAgents(t.Context())
	if err != nil || warning != "" {
		t.Fatalf("%q, %v", warning, err)
	}
	for name, good := range map[string]bool{
		"client.global.nomad": true, "server.global.nomad": true, "server.mars.nomad": true,
		"client.mars.nomad": false, "cli.global.nomad": false, "server.example.com": false,
	} {
		err := shake(t, cfg, k.ca.ClientTLS(k.issue(name), "global"))
		if (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
	if shake(t, cfg, k.ca.ClientTLS(nil, "global")) == nil {
		t.Error("an agent without a certificate is served")
	}
	// A certificate that agents will refuse is warned of.
	k.front("sidecar.example.com")
	if _, warning, err := c.LoadAgents(t.Context()); err != nil || !strings.Contains(warning, "server.global.nomad") {
		t.Errorf("%q, %v", warning, err)
	}
}

func TestFilesOfTLSThatAreBadAreNamed(t *testing.T) {
	k := newKeys(t)
	k.front("server.global.nomad")
	k.put("other-key.pem", k.issue("server.global.nomad").KeyPEM)
	k.put("text", []byte("no PEM"))
	for _, c := range []struct{ cert, key, ca, says string }{
		{"none", "key.pem", "ca.pem", "--agent-cert is "},
		{"text", "key.pem", "ca.pem", "--agent-cert is "},
		{"cert.pem", "text", "ca.pem", "--agent-key is "},
		{"cert.pem", "other-key.pem", "ca.pem", "--agent-key does not fit agents.cert_file"},
		{"cert.pem", "key.pem", "text", "--agent-ca is "},
	} {
		conf := load(t, nil, "--servers", "10.0.0.1", "--agent-cert", k.path(c.cert), "--agent-key", k.path(c.key), "--agent-ca", k.path(c.ca))
		if _, err := conf.CheckFiles(t.Context()); err == nil || !strings.HasPrefix(err.Error(), c.says) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, c := range []struct{ ca, cert, key, says string }{
		{"none", "cert.pem", "key.pem", "NOMAD_CACERT is "},
		{"ca.pem", "text", "key.pem", "NOMAD_CLIENT_CERT is "},
		{"ca.pem", "cert.pem", "text", "NOMAD_CLIENT_KEY is "},
		{"ca.pem", "cert.pem", "other-key.pem", "NOMAD_CLIENT_KEY "},
	} {
		conf := load(t, map[string]string{"NOMAD_CACERT": k.path(c.ca), "NOMAD_CLIENT_CERT": k.path(c.cert), "NOMAD_CLIENT_KEY": k.path(c.key)}, "--servers", "10.0.0.1")
		if _, err := conf.CheckFiles(t.Context()); err == nil || !strings.HasPrefix(err.Error(), c.says) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestWhatIsPutCountsForTheNextHandshake(t *testing.T) {
	k := newKeys(t)
	k.front("server.global.nomad")
	c := load(t, nil, "--servers", "10.0.0.1", "--agent-cert", k.path("cert.pem"), "--agent-key", k.path("key.pem"))
	first, _, err := c.LoadAgents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var s Swap
	if s.Config() != nil {
		t.Error("plain TCP is no configuration")
	}
	s.Put(first)
	cfg := s.Config()
	if err := shake(t, cfg, k.ca.ClientTLS(nil, "global")); err != nil {
		t.Error(err)
	}
	k.front("server.mars.nomad")
	second, _, err := c.LoadAgents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Put(second)
	if err := shake(t, cfg, k.ca.ClientTLS(nil, "mars")); err != nil {
		t.Error(err)
	}
}

func TestTLSTowardsAgentsIsNotSwitchedWhileAgentsAreServed(t *testing.T) {
	plain := load(t, nil, "--servers", "10.0.0.1")
	sealed := load(t, nil, "--servers", "10.0.0.1", "--agent-cert", "c", "--agent-key", "k")
	mutual := load(t, nil, "--servers", "10.0.0.1", "--agent-cert", "c", "--agent-key", "k", "--agent-ca", "a")
	renewed := load(t, nil, "--servers", "10.0.0.1", "--agent-cert", "c2", "--agent-key", "k", "--agent-ca", "a")
	for i, c := range []struct {
		before, now *Config
		live        bool
	}{{plain, sealed, false}, {sealed, plain, false}, {sealed, mutual, false}, {mutual, sealed, false}, {mutual, renewed, true}} {
		for _, change := range c.now.Changes(c.before) {
			if change.Live != c.live {
				t.Errorf("%d: %+v", i, change)
			}
		}
	}
	changes := sealed.Changes(plain)
	sealed.Keep(plain, changes)
	if sealed.Agents != plain.Agents || len(changes) != 2 {
		t.Errorf("%+v, %+v", sealed.Agents, changes)
	}
}
