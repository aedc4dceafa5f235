package pool_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

func isOver(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }
func isYet(c *x509.Certificate)  { c.NotBefore = time.Now().Add(30 * time.Minute) }
func isNear(c *x509.Certificate) { c.NotAfter = time.Now().Add(5 * time.Minute) }

// config is that of a client that trusts root and shows m, with those behind it.
func (m *mint) config(root *mint) *pool.TLSConfig {
	id := m.identity()
	cfg := &pool.TLSConfig{CAPEM: root.pem, CertPEM: id.CertPEM, KeyPEM: id.KeyPEM}
	for _, der := range m.between {
		cfg.CertPEM = append(cfg.CertPEM, block("CERTIFICATE", der)...)
	}
	return cfg
}

// server starts a server that m shows, and that wants a certificate of root.
func (m *mint) server(root *mint, alter ...func(*tls.Config)) *testutil.Server {
	m.Helper()
	clients := x509.NewCertPool()
	clients.AddCert(root.cert)
	cfg := &tls.Config{Certificates: []tls.Certificate{m.tls()}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	for _, f := range alter {
		f(cfg)
	}
	return startServerWith(m, testutil.ServerConfig{KeepAlive: -1, TLS: cfg})
}

// A pool starts with certificates that are not valid now, says so once, and with the error of
// each handshake: a device may have no clock yet, and the server's is what counts.
func TestACertificateThatIsNotValidNowIsNoReasonNotToStart(t *testing.T) {
	const client, server = "client.global.nomad", "server.global.nomad"
	root := minted(t, nil, 0, "")
	for name, c := range map[string]struct {
		config func() *pool.TLSConfig
		shows  *mint
		says   string // in the log
		ours   string // of the error
		good   bool
	}{
		"ours has expired": {
			func() *pool.TLSConfig { return minted(t, root, 0, client, isOver).config(root) }, minted(t, root, 0, server),
			"CertPEM PEM has expired: client.global.nomad: since ", "it has expired, since ", false,
		},
		"ours is not valid yet": {
			func() *pool.TLSConfig { return minted(t, root, 0, client, isYet).config(root) }, minted(t, root, 0, server),
			"CertPEM PEM is not valid yet: client.global.nomad: not before ", "it is not valid yet, not before ", false,
		},
		"one behind ours has expired": {
			func() *pool.TLSConfig { return minted(t, minted(t, root, 0, "", isOver), 0, client).config(root) }, minted(t, root, 0, server),
			"CertPEM PEM has expired: serial ", "it has expired, since ", false,
		},
		"ours expires soon": {
			func() *pool.TLSConfig { return minted(t, root, 0, client, isNear).config(root) }, minted(t, root, 0, server),
			"CertPEM PEM expires soon: client.global.nomad: until ", "", true,
		},
		"the server's has expired": {
			func() *pool.TLSConfig { return minted(t, root, 0, client).config(root) }, minted(t, root, 0, server, isOver),
			"", "", false,
		},
		"one behind the server's is not valid yet": {
			func() *pool.TLSConfig { return minted(t, root, 0, client).config(root) },
			minted(t, minted(t, root, 0, "", isYet), 0, server), "", "", false,
		},
		"ours is none": {func() *pool.TLSConfig { return &pool.TLSConfig{CAPEM: root.pem} }, minted(t, root, 0, server, isYet), "", "", false},
	} {
		for _, v := range versions {
			t.Run(name+"/"+tls.VersionName(v), func(t *testing.T) {
				log := make(lines, 100)
				p := newPool(t, pool.Config{TLS: c.config(), Logger: log.logger()})
				pool.Written(p)
				said := log.rest()
				if c.says == "" && len(said) != 0 || c.says != "" && (len(said) != 1 || !strings.Contains(said[0], c.says) || !strings.Contains(said[0], `"warn"`)) {
					t.Errorf("%q", said)
				}
				_, err := p.Ping(within(t), c.shows.server(root, func(cfg *tls.Config) { cfg.MaxVersion = v }).Addr())
				if c.good {
					noError(t, err)
					return
				}
				failed(t, err, pool.PhaseHandshake, pool.NotSent, pool.ErrTLSExpired)
				e := as[*pool.TLSError](t, err)
				if !strings.HasPrefix(e.Ours, c.ours) || (e.Ours == "") != (c.ours == "") || !strings.Contains(err.Error(), e.Ours) {
					t.Errorf("%q, in %v", e.Ours, err)
				}
				if (c.ours != "") != errors.Is(err, pool.ErrTLSRefused) {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

// An authority that is not valid now is one, too; in a bundle with others it is not worth a
// word.
func TestAnAuthorityThatIsNotValidNow(t *testing.T) {
	good, over, yet := minted(t, nil, 0, ""), minted(t, nil, 0, "", isOver), minted(t, nil, 0, "", isYet)
	near := minted(t, nil, 0, "", isNear)
	for name, c := range map[string]struct {
		roots []*mint
		says  string
	}{
		"expired":           {[]*mint{over}, "CAPEM PEM has expired: CN="},
		"not yet":           {[]*mint{yet}, "CAPEM PEM is not valid yet: CN="},
		"both":              {[]*mint{over, yet}, "CAPEM PEM has expired: CN="},
		"one of two":        {[]*mint{over, good}, ""},
		"the other of two":  {[]*mint{good, yet}, ""},
		"soon":              {[]*mint{good, near}, "CAPEM PEM expires soon: CN="},
		"soon, and expired": {[]*mint{over, near}, "CAPEM PEM expires soon: CN="},
	} {
		t.Run(name, func(t *testing.T) {
			log := make(lines, 100)
			cfg := &pool.TLSConfig{}
			for _, r := range c.roots {
				cfg.CAPEM = slices.Concat(cfg.CAPEM, r.pem)
			}
			p := newPool(t, pool.Config{TLS: cfg, Logger: log.logger()})
			pool.Written(p)
			if said := log.rest(); c.says == "" && len(said) != 0 || c.says != "" && (len(said) != 1 || !strings.Contains(said[0], c.says)) {
				t.Errorf("%q", said)
			}
			server := minted(t, c.roots[0], 0, "server.global.nomad")
			s := startServerWith(t, testutil.ServerConfig{KeepAlive: -1, TLS: &tls.Config{Certificates: []tls.Certificate{server.tls()}}})
			_, err := p.Ping(within(t), s.Addr())
			if c.roots[0] == good {
				noError(t, err)
				return
			}
			failed(t, err, pool.PhaseHandshake, pool.NotSent, pool.ErrTLSExpired)
		})
	}
}

// A server whose clock is another one refuses a certificate that is valid by ours.
func TestAServerWhoseClockDiffersRefusesACertificateAsExpired(t *testing.T) {
	root := minted(t, nil, 0, "", func(c *x509.Certificate) { c.NotAfter = c.NotAfter.Add(100 * time.Hour) })
	ahead := func(cfg *tls.Config) { cfg.Time = func() time.Time { return time.Now().Add(50 * time.Hour) } }
	s := minted(t, root, 0, "server.global.nomad").server(root, ahead)
	_, err := newPool(t, pool.Config{TLS: minted(t, root, 0, "client.global.nomad").config(root)}).Ping(within(t), s.Addr())
	failed(t, err, pool.PhaseHandshake, pool.NotSent, pool.ErrTLSExpired)
	if e := as[*pool.TLSError](t, err); !strings.HasPrefix(e.Ours, "it is valid by the clock of this side, until ") {
		t.Errorf("%v", err)
	}
}

// One that expired is judged like any other: refused, it changes nothing, and the files that
// hold it are read again.
func TestAnExpiredCertificateIsJudgedByServers(t *testing.T) {
	ca, f, log := newAuthority(t), newFiles(t), make(lines, 100)
	s := ca.observe()
	good := ca.issue("client.global.nomad")
	f.hold(ca, good)
	p := newPool(t, pool.Config{TLS: f.config(often), Logger: log.logger()})
	ping(t, p, s.Addr())
	if err := p.SetTLS(t.Context(), ca.client(ca.issue("client.global.nomad", expired))); !errors.Is(err, pool.ErrTLSExpired) {
		t.Errorf("%v", err)
	}
	f.hold(ca, ca.issue("client.global.nomad", expired))
	awaitLine(t, log, "it has expired, since ")
	bounce(t, p, s.Server)
	ping(t, p, s.Addr()) // with the one before
	next := ca.issue("client.global.nomad")
	f.hold(ca, next)
	s.awaitGuest(t, next)
	awaitLine(t, log, "replaced")
}
