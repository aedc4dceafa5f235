package pool_test

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// anyName has names of servers not verified.
func anyName(c *pool.TLSConfig) *pool.TLSConfig {
	c.VerifyServerName = new(false)
	return c
}

func forClientsOnly(c *testutil.CertConfig) {
	c.Usages = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
}

func TestANameThatIsNotVerifiedMayBeAny(t *testing.T) {
	ca := newAuthority(t)
	for _, v := range versions {
		for _, names := range [][]string{{"server.mars.nomad", "localhost"}, {"client.global.nomad"}, {"www.example.com"}} {
			t.Run(tls.VersionName(v)+"/"+names[0], func(t *testing.T) {
				s := ca.serve(ca.issue("", func(c *testutil.CertConfig) { c.Names = names }), v)
				ping(t, newPool(t, pool.Config{TLS: anyName(ca.agent())}), s.Addr())
				cfg := anyName(ca.agent())
				cfg.ServerName, cfg.Region = "server.venus.nomad", "venus" // neither counts
				ping(t, newPool(t, pool.Config{TLS: cfg}), s.Addr())
				cfg = ca.agent()
				cfg.VerifyServerName = new(true)
				_, err := newPool(t, pool.Config{TLS: cfg}).Ping(within(t), s.Addr())
				as[*pool.TLSError](t, err)
			})
		}
	}
}

func TestAChainIsVerifiedWithoutItsName(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	for name, c := range map[string]struct {
		shows *testutil.Identity
		kind  error
	}{
		"another CA's":     {other.issue("server.global.nomad"), pool.ErrTLSUnknownAuthority},
		"expired":          {ca.issue("server.global.nomad", expired), pool.ErrTLSExpired},
		"not yet valid":    {ca.issue("server.global.nomad", notYet), pool.ErrTLSExpired},
		"for clients only": {ca.issue("server.global.nomad", forClientsOnly), pool.ErrTLSWrongRole},
	} {
		for _, v := range versions {
			t.Run(tls.VersionName(v)+"/"+name, func(t *testing.T) {
				s := ca.serve(c.shows, v)
				p := newPool(t, pool.Config{TLS: anyName(ca.agent())})
				_, err := p.Ping(within(t), s.Addr())
				failed(t, err, pool.PhaseHandshake, pool.NotSent, c.kind)
				if e := as[*pool.TLSError](t, err); e.Kind != c.kind || e.Wanted != "" || strings.Contains(err.Error(), "wanted") {
					t.Errorf("%+v", e)
				}
				as[*tls.CertificateVerificationError](t, err)
			})
		}
	}
}

func TestACertificateBetweenIsLookedAtWithoutTheName(t *testing.T) {
	ca := newAuthority(t)
	between, leaf := ca.issue("Between", mayAlsoSign), ca.issue("www.example.com")
	signer := between.Certificate
	der, err := x509.CreateCertificate(rand.Reader, leaf.Certificate.Leaf, signer.Leaf, leaf.Certificate.Leaf.PublicKey, signer.PrivateKey)
	noError(t, err)
	alone, chain := *leaf, *leaf
	alone.Certificate.Certificate = [][]byte{der}
	chain.Certificate.Certificate = [][]byte{der, signer.Leaf.Raw}
	p := newPool(t, pool.Config{TLS: anyName(ca.agent())})
	ping(t, p, ca.serve(&chain, tls.VersionTLS13).Addr())
	_, err = p.Ping(within(t), ca.serve(&alone, tls.VersionTLS13).Addr())
	failed(t, err, pool.PhaseHandshake, pool.NotSent, pool.ErrTLSUnknownAuthority)
}

func TestThatNamesAreNotVerifiedIsLoggedOnce(t *testing.T) {
	ca, log := newAuthority(t), make(lines, 100)
	var p *pool.Pool
	said := func() (n int) {
		pool.Written(p)
		for {
			select {
			case l := <-log:
				if strings.Contains(l, "VerifyServerName") && strings.Contains(l, `"warn"`) {
					n++
				}
			default:
				return n
			}
		}
	}
	s := ca.server()
	cfg := anyName(ca.agent())
	p = newPool(t, pool.Config{TLS: cfg, Logger: log.logger()})
	*cfg.VerifyServerName = true // it was copied
	for range 3 {
		ping(t, p, s.Addr())
		bounce(t, p, s)
	}
	set := func(cfg *pool.TLSConfig) {
		t.Helper()
		noError(t, p.SetTLS(t.Context(), cfg))
	}
	set(anyName(ca.agent())) // as before
	if n := said(); n != 1 {
		t.Errorf("said %d times", n)
	}
	set(ca.agent())
	set(anyName(ca.agent())) // again
	if n := said(); n != 1 {
		t.Errorf("said %d times of another one", n)
	}
}

func TestTheNameThatIsNotComparedIsSentIfItIsGiven(t *testing.T) {
	ca := newAuthority(t)
	sent := make(chan string, 100)
	cfg := ca.ServerTLS(ca.issue("server.global.nomad"), "global")
	cfg.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		sent <- h.ServerName
		return nil, nil //nolint:nilnil // as it is
	}
	s := startServerWith(t, testutil.ServerConfig{KeepAlive: -1, TLS: cfg})
	for want, alter := range map[string]func(*pool.TLSConfig){
		"server.global.nomad": func(*pool.TLSConfig) {},
		"":                    func(c *pool.TLSConfig) { anyName(c) },
		"gate.example.com":    func(c *pool.TLSConfig) { anyName(c).ServerName = "gate.example.com" },
	} {
		cfg := ca.agent()
		alter(cfg)
		ping(t, newPool(t, pool.Config{TLS: cfg}), s.Addr())
		if got := receive(t, "the name", sent); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestASuiteOrVersionThatIsNotInCommonIsRefused(t *testing.T) {
	ca := newAuthority(t)
	cfg := ca.ServerTLS(ca.issue("server.global.nomad"), "global")
	cfg.MaxVersion = tls.VersionTLS12
	cfg.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	s := startServerWith(t, testutil.ServerConfig{KeepAlive: -1, TLS: cfg})
	try := func(alter func(*pool.TLSConfig)) error {
		cfg := ca.agent()
		alter(cfg)
		_, err := newPool(t, pool.Config{TLS: cfg}).Ping(within(t), s.Addr())
		return err
	}
	for name, alter := range map[string]func(*pool.TLSConfig){
		"the server's": func(c *pool.TLSConfig) { c.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256} },
		"empty":        func(c *pool.TLSConfig) { c.CipherSuites = []uint16{} },
		"listed twice": func(c *pool.TLSConfig) {
			c.CipherSuites = []uint16{tls.TLS_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
		},
	} {
		if err := try(alter); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, alter := range map[string]func(*pool.TLSConfig){
		"another suite": func(c *pool.TLSConfig) { c.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384} },
		"newer": func(c *pool.TLSConfig) {
			c.MinVersion, c.CipherSuites = tls.VersionTLS13, []uint16{tls.TLS_AES_256_GCM_SHA384}
		},
	} {
		err := try(alter)
		failed(t, err, pool.PhaseHandshake, pool.NotSent, pool.ErrTLSFailed)
		if says := map[string]string{"another suite": "no cipher suite in common", "newer": "protocol version"}[name]; !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAHandshakeIsShortOnlyWithTheSameCredentials(t *testing.T) {
	ca := newAuthority(t)
	resumed := make(chan bool, 100)
	for _, v := range versions {
		cfg := ca.ServerTLS(ca.issue("server.global.nomad"), "global")
		cfg.MaxVersion = v
		cfg.VerifyConnection = func(s tls.ConnectionState) error { resumed <- s.DidResume; return nil }
		s := startServerWith(t, testutil.ServerConfig{KeepAlive: -1, TLS: cfg})
		for _, client := range []*pool.TLSConfig{ca.agent(), anyName(ca.agent())} {
			p := newPool(t, pool.Config{TLS: client})
			for _, want := range []bool{false, true} {
				ping(t, p, s.Addr())
				if got := receive(t, "a handshake", resumed); got != want {
					t.Errorf("%s: resumed: %v, want %v", tls.VersionName(v), got, want)
				}
				bounce(t, p, s)
			}
			noError(t, p.SetTLS(t.Context(), ca.agent()))
			if receive(t, "a handshake", resumed) {
				t.Errorf("%s: resumed with another certificate", tls.VersionName(v))
			}
			noError(t, p.Stop(t.Context()))
			for len(resumed) > 0 {
				<-resumed
			}
		}
	}
}
