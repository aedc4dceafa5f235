package pool_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// short is a certificate that signs itself, and its key, of so many bits.
func short(t *testing.T, bits int) (cert, key []byte) {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0")
	k, err := rsa.GenerateKey(rand.Reader, bits)
	noError(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "weak"}, NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	noError(t, err)
	return block("CERTIFICATE", der), block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(k))
}

func TestFilesThatSayMoreOrLessThanTheyShouldAreRefusedWithTheirPlace(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	own := ca.issue("client.global.nomad")
	weakCert, weakKey := short(t, 1024)
	half := other.PEM()[:len(other.PEM())-40]
	for name, c := range map[string]struct {
		alter   func(*pool.TLSConfig)
		field   string
		problem pool.TLSProblem
		says    string
	}{
		"a CA cut off":            {func(c *pool.TLSConfig) { c.CAPEM = slices.Concat(ca.PEM(), half) }, "CAPEM", pool.TLSMalformed, "block 2 (line "},
		"a key as CA":             {func(c *pool.TLSConfig) { c.CAPEM = own.KeyPEM }, "CAPEM", pool.TLSNoPEM, "it holds a private key only"},
		"DER":                     {func(c *pool.TLSConfig) { c.CAPEM = own.Certificate.Leaf.Raw }, "CAPEM", pool.TLSNoPEM, "a certificate in DER, not PEM"},
		"revocations":             {func(c *pool.TLSConfig) { c.CAPEM = slices.Concat(ca.PEM(), block("X509 CRL", []byte{1})) }, "CAPEM", pool.TLSMalformed, "block 2"},
		"a weak CA":               {func(c *pool.TLSConfig) { c.CAPEM = slices.Concat(ca.PEM(), weakCert) }, "CAPEM", pool.TLSWeakKey, "RSA of 1024 bits"},
		"a weak certificate":      {func(c *pool.TLSConfig) { c.CertPEM, c.KeyPEM = weakCert, weakKey }, "CertPEM", pool.TLSWeakKey, "RSA of 1024 bits"},
		"a weak key":              {func(c *pool.TLSConfig) { c.KeyPEM = weakKey }, "KeyPEM", pool.TLSWeakKey, "RSA of 1024 bits"},
		"a request":               {func(c *pool.TLSConfig) { c.CertPEM = block("CERTIFICATE REQUEST", []byte{1}) }, "CertPEM", pool.TLSMalformed, "have the authority sign it"},
		"a key with a passphrase": {func(c *pool.TLSConfig) { c.KeyPEM = block("ENCRYPTED PRIVATE KEY", []byte{1}) }, "KeyPEM", pool.TLSMalformed, "without a passphrase"},
		"the authority's only":    {func(c *pool.TLSConfig) { c.CertPEM = ca.PEM() }, "KeyPEM", pool.TLSKeyMismatch, `the certificate is in PEM; it is for "Nomad Agent CA`},
		"authorities only": {
			func(c *pool.TLSConfig) { c.CertPEM = slices.Concat(ca.PEM(), other.PEM()) }, "KeyPEM", pool.TLSKeyMismatch,
			"none of the 2 certificates is for it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := ca.client(own)
			c.alter(cfg)
			_, err := pool.New(pool.Config{TLS: cfg})
			e, ok := errors.AsType[*pool.TLSConfigError](err)
			if !ok || e.Field != c.field || e.Problem != c.problem || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v; want %q", err, c.says)
			}
		})
	}
}

func TestBundlesAreReadAsTheyAreLeft(t *testing.T) {
	ca, other, third := newAuthority(t), newAuthority(t), newAuthority(t)
	own := ca.issue("client.global.nomad")
	for by, a := range map[string]authority{"the first": ca, "the second": other, "the third": third} {
		t.Run(by, func(t *testing.T) {
			s := startServerWith(t, testutil.ServerConfig{KeepAlive: -1, TLS: ca.ServerTLS(a.issue("server.global.nomad"), "global")})
			cfg := &pool.TLSConfig{
				CAPEM:   slices.Concat(ca.PEM(), bytes.TrimSpace(other.PEM()), bytes.ReplaceAll(third.PEM(), []byte("\n"), []byte("\r"))),
				CertPEM: slices.Concat([]byte("subject=client\n"), own.CertPEM, ca.PEM(), other.PEM()), KeyPEM: slices.Concat(own.CertPEM, own.KeyPEM),
			}
			ping(t, newPool(t, pool.Config{TLS: cfg}), s.Addr())
		})
	}
}

func TestAChainInAnotherOrderIsRefusedWithTheNameOfTheCertificateToPutFirst(t *testing.T) {
	ca := newAuthority(t)
	own := ca.issue("client.global.nomad")
	_, err := pool.New(pool.Config{TLS: &pool.TLSConfig{CAPEM: ca.PEM(), CertPEM: slices.Concat(ca.PEM(), own.CertPEM), KeyPEM: own.KeyPEM}})
	if e := as[*pool.TLSConfigError](t, err); e.Field != "CertPEM" || !strings.Contains(err.Error(), "wrong order") || !strings.Contains(err.Error(), "client.global.nomad") {
		t.Error(err)
	}
}

// A server whose certificate signs itself is trusted by that certificate, as Nomad does.
func TestACertificateThatSignsItselfIsTrustedAsItself(t *testing.T) {
	ca := newAuthority(t)
	alone, err := new(testutil.CA).Issue(testutil.CertConfig{Names: []string{"server.global.nomad"}})
	noError(t, err)
	s := startServerWith(t, testutil.ServerConfig{KeepAlive: -1, TLS: ca.ServerTLS(alone, "global")})
	own := ca.issue("client.global.nomad")
	for _, trusted := range [][]byte{alone.CertPEM, slices.Concat(ca.PEM(), alone.CertPEM)} {
		ping(t, newPool(t, pool.Config{TLS: &pool.TLSConfig{CAPEM: trusted, CertPEM: own.CertPEM, KeyPEM: own.KeyPEM}}), s.Addr())
	}
}

func TestAPathIsShownOnOneLine(t *testing.T) {
	path := t.TempDir() + string(filepath.Separator) + "a\x1b[2J\nb"
	_, err := pool.New(pool.Config{TLS: &pool.TLSConfig{CAFile: path}})
	if text := err.Error(); strings.ContainsAny(text, "\x1b\n") || !strings.Contains(text, `a\x1b[2J\nb cannot be read: `) || strings.Count(text, "2J") != 1 {
		t.Errorf("%q", text)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestAFileThatIsTooLargeIsNotRead(t *testing.T) {
	ca, f := newAuthority(t), newFiles(t)
	f.hold(ca, ca.issue("client.global.nomad"))
	noError(t, os.Truncate(f.ca, 1<<40))
	_, err := pool.New(pool.Config{TLS: f.config(0)})
	if e := as[*pool.TLSConfigError](t, err); e.Problem != pool.TLSUnreadable || !strings.Contains(err.Error(), "8388608 are the most") {
		t.Error(err)
	}
	cfg := ca.agent()
	cfg.CAPEM = bytes.Repeat([]byte("\n"), 9<<20)
	_, err = pool.New(pool.Config{TLS: cfg})
	if e := as[*pool.TLSConfigError](t, err); e.Problem != pool.TLSMalformed || !strings.Contains(err.Error(), "8388608 are the most") {
		t.Error(err)
	}
}

func TestTheLogSaysOnceWhichFilesOthersCanReadOrWrite(t *testing.T) {
	ca, f := newAuthority(t), newFiles(t)
	f.hold(ca, ca.issue("client.global.nomad"))
	noError(t, os.Chmod(f.key, 0o644))
	noError(t, os.Chmod(f.ca, 0o666))
	if info, err := os.Stat(f.key); err != nil || info.Mode().Perm() != 0o644 {
		t.Skip("files have no such modes here")
	}
	var log bytes.Buffer
	p := newPool(t, pool.Config{TLS: f.config(0), Logger: zerolog.New(zerolog.SyncWriter(&log)).Level(zerolog.WarnLevel)})
	noError(t, p.SetTLS(t.Context(), f.config(0)))
	pool.Written(p)
	for _, text := range []string{"TLSConfig.KeyFile " + f.key + " can be read by every user", "TLSConfig.CAFile " + f.ca + " can be written by every user"} {
		if n := strings.Count(log.String(), text); n != 1 {
			t.Errorf("%q is said %d times in\n%s", text, n, log.String())
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 2 {
		t.Errorf("%d lines:\n%s", n, log.String())
	}
}
