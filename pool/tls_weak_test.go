package pool_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// mint is a certificate with whatever key, and those between it and its authority.
type mint struct {
	testing.TB
	cert    *x509.Certificate
	key     crypto.Signer
	between [][]byte
	pem     []byte
}

// minted makes one that by, or itself if by is nil, has signed, with an RSA key of so many
// bits, or one of a curve if that is 0. One without a name may sign others.
func minted(tb testing.TB, by *mint, bits int, name string, alter ...func(*x509.Certificate)) *mint {
	tb.Helper()
	m := &mint{TB: tb}
	var err error
	if bits > 0 {
		m.key, err = rsa.GenerateKey(rand.Reader, bits)
	} else {
		m.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	noError(tb, err)
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	noError(tb, err)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: serial.String()}, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if name == "" {
		template.IsCA, template.KeyUsage, template.ExtKeyUsage = true, x509.KeyUsageCertSign, nil
	} else {
		template.DNSNames = []string{name}
	}
	for _, f := range alter {
		f(template)
	}
	parent, signer := template, m.key
	if by != nil {
		parent, signer = by.cert, by.key
		m.between = append([][]byte{by.cert.Raw}, by.between...)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, m.key.Public(), signer)
	noError(tb, err)
	m.cert, err = x509.ParseCertificate(der)
	noError(tb, err)
	m.pem = block("CERTIFICATE", der)
	return m
}

// tls is the certificate with those behind it.
func (m *mint) tls() tls.Certificate {
	return tls.Certificate{Certificate: append([][]byte{m.cert.Raw}, m.between...), PrivateKey: m.key}
}

func (m *mint) identity() *testutil.Identity {
	m.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(m.key)
	noError(m, err)
	return &testutil.Identity{CertPEM: m.pem, KeyPEM: block("PRIVATE KEY", der), Certificate: m.tls()}
}

// A short key anywhere between a server and the authority is refused; one that leads to
// the authority another way is not in the way.
func TestAShortKeyInAServersChainIsRefused(t *testing.T) {
	const name = "server.global.nomad"
	root, weakRoot := minted(t, nil, 0, ""), minted(t, nil, 1024, "")
	for what, c := range map[string]struct {
		shows tls.Certificate
		good  bool
	}{
		"2048 bits":                  {minted(t, root, 2048, name).tls(), true},
		"a curve":                    {minted(t, root, 0, name).tls(), true},
		"1024 bits":                  {minted(t, root, 1024, name).tls(), false},
		"1536 bits":                  {minted(t, root, 1536, name).tls(), false},
		"behind one of 1024 bits":    {minted(t, minted(t, root, 1024, ""), 0, name).tls(), false},
		"behind one of 2048 bits":    {minted(t, minted(t, root, 2048, ""), 2048, name).tls(), true},
		"a stray one is no obstacle": {stray(minted(t, root, 0, name).tls(), weakRoot), true},
	} {
		for _, v := range versions {
			for _, cfg := range []*pool.TLSConfig{{}, {VerifyServerName: new(false)}} {
				t.Run(what+"/"+tls.VersionName(v), func(t *testing.T) {
					cfg.CAPEM = root.pem
					s := startServerWith(t, testutil.ServerConfig{KeepAlive: -1, TLS: &tls.Config{Certificates: []tls.Certificate{c.shows}, MaxVersion: v}})
					_, err := newPool(t, pool.Config{TLS: cfg}).Ping(within(t), s.Addr())
					if c.good {
						noError(t, err)
						return
					}
					failed(t, err, pool.PhaseHandshake, pool.NotSent, pool.ErrTLSWeakKey)
				})
			}
		}
	}
}

func TestABundleWithAShortKeyIsRefusedAsAWhole(t *testing.T) {
	root, weak := minted(t, nil, 0, ""), minted(t, nil, 1024, "")
	for _, pem := range [][]byte{weak.pem, append(append([]byte{}, root.pem...), weak.pem...)} {
		_, err := pool.New(pool.Config{TLS: &pool.TLSConfig{CAPEM: pem}})
		if e := as[*pool.TLSConfigError](t, err); e.Problem != pool.TLSWeakKey {
			t.Errorf("%v", err)
		}
	}
}

// stray adds a certificate that is of no use.
func stray(c tls.Certificate, m *mint) tls.Certificate {
	c.Certificate = append(c.Certificate, m.cert.Raw)
	return c
}

func TestAShortKeyOfOursIsRefusedWithItsLength(t *testing.T) {
	root := minted(t, nil, 0, "")
	between := minted(t, root, 1024, "")
	for what, id := range map[string]*testutil.Identity{
		"of its own": minted(t, root, 1024, "client.global.nomad").identity(),
		"between": func() *testutil.Identity {
			id := minted(t, between, 0, "client.global.nomad").identity()
			id.CertPEM = append(id.CertPEM, between.pem...)
			return id
		}(),
	} {
		_, err := pool.New(pool.Config{TLS: &pool.TLSConfig{CAPEM: root.pem, CertPEM: id.CertPEM, KeyPEM: id.KeyPEM}})
		e, is := errors.AsType[*pool.TLSConfigError](err)
		if !is || e.Problem != pool.TLSWeakKey || e.Field != "CertPEM" || e.Err == nil {
			t.Errorf("%s: %v", what, err)
		} else {
			t.Log(err)
		}
	}
}
