package pool_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestTheErrorOfATLSConfigNamesTheFile(t *testing.T) {
	ca, f := newAuthority(t), newFiles(t)
	good, old := ca.issue("client.global.nomad"), ca.issue("x", expired)
	f.hold(ca, good)
	dir := filepath.Dir(f.ca)
	for name, c := range map[string]struct {
		alter   func(*pool.TLSConfig)
		field   string
		file    string
		problem pool.TLSProblem
	}{
		"no CA file":          {func(c *pool.TLSConfig) { c.CAFile = filepath.Join(dir, "none") }, "CAFile", "none", pool.TLSUnreadable},
		"a directory":         {func(c *pool.TLSConfig) { c.KeyFile = dir }, "KeyFile", dir, pool.TLSUnreadable},
		"no PEM":              {func(c *pool.TLSConfig) { c.CAFile, c.CAPEM = "", []byte("x") }, "CAPEM", "PEM", pool.TLSNoPEM},
		"key for certificate": {func(c *pool.TLSConfig) { c.CertFile = f.key }, "CertFile", "key.pem", pool.TLSNoPEM},
		"certificate for key": {func(c *pool.TLSConfig) { c.KeyFile = f.cert }, "KeyFile", "cert.pem", pool.TLSNoPEM},
		"another key":         {func(c *pool.TLSConfig) { c.KeyFile, c.KeyPEM = "", old.KeyPEM }, "KeyPEM", "PEM", pool.TLSKeyMismatch},
		"a short key":         {func(c *pool.TLSConfig) { pair(c, minted(t, nil, 1024, "client.global.nomad").identity()) }, "CertPEM", "PEM", pool.TLSWeakKey},
		"a short key of the CA": {func(c *pool.TLSConfig) {
			c.CAFile, c.CAPEM = "", minted(t, nil, 1024, "").pem
		}, "CAPEM", "PEM", pool.TLSWeakKey},
		"no CA in CA file": {func(c *pool.TLSConfig) { c.CAFile = f.cert }, "CAFile", "cert.pem", pool.TLSNotCA},
		"no CA":            {func(c *pool.TLSConfig) { c.CAFile = "" }, "CAFile", "", pool.TLSNoCA},
		"no key":           {func(c *pool.TLSConfig) { c.KeyFile = "" }, "CertFile", "cert.pem", pool.TLSNoKey},
		"no cert":          {func(c *pool.TLSConfig) { c.CertFile = "" }, "KeyFile", "key.pem", pool.TLSNoCertificate},
		"given twice":      {func(c *pool.TLSConfig) { c.CAPEM = ca.PEM() }, "CAFile", "ca.pem", pool.TLSGivenTwice},
		"malformed":        {func(c *pool.TLSConfig) { c.CAFile, c.CAPEM = "", block("CERTIFICATE", []byte{1}) }, "CAPEM", "PEM", pool.TLSMalformed},
		"malformed key":    {func(c *pool.TLSConfig) { c.KeyFile, c.KeyPEM = "", block("PRIVATE KEY", []byte{1}) }, "KeyPEM", "PEM", pool.TLSMalformed},
		"encrypted key": {func(c *pool.TLSConfig) {
			c.KeyFile, c.KeyPEM = "", block("ENCRYPTED PRIVATE KEY", nil)
		}, "KeyPEM", "PEM", pool.TLSMalformed},
		"old version":      {func(c *pool.TLSConfig) { c.MinVersion = tls.VersionTLS11 }, "MinVersion", "", pool.TLSBadVersion},
		"unknown version":  {func(c *pool.TLSConfig) { c.MinVersion = tls.VersionTLS13 + 1 }, "MinVersion", "", pool.TLSBadVersion},
		"negative watch":   {func(c *pool.TLSConfig) { c.Watch = -1 }, "Watch", "", pool.TLSBadWatch},
		"nothing to watch": {func(c *pool.TLSConfig) { *c = pool.TLSConfig{CAPEM: ca.PEM(), Watch: time.Second} }, "Watch", "", pool.TLSBadWatch},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := f.config(0)
			c.alter(cfg)
			_, err := pool.New(pool.Config{TLS: cfg})
			e, ok := errors.AsType[*pool.TLSConfigError](err)
			if !ok {
				t.Fatalf("%v", err)
			}
			if e.Field != c.field || e.Problem != c.problem || !strings.HasSuffix(e.File, c.file) || (e.File == "") != (c.file == "") {
				t.Errorf("%+v", e)
			}
			for _, part := range []string{"TLSConfig." + c.field, e.File, string(c.problem)} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q lacks %q", err, part)
				}
			}
		})
	}
}

func pair(c *pool.TLSConfig, id *testutil.Identity) {
	c.CertFile, c.KeyFile, c.CertPEM, c.KeyPEM = "", "", id.CertPEM, id.KeyPEM
}

func block(kind string, body []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: body})
}

func TestAnUnreadableFileKeepsItsCause(t *testing.T) {
	_, err := pool.New(pool.Config{TLS: &pool.TLSConfig{CAFile: filepath.Join(t.TempDir(), "none")}})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestFilesMayHoldMoreThanIsAskedFor(t *testing.T) {
	ca, id := newAuthority(t), newAuthority(t).issue("x")
	own := ca.issue("client.global.nomad")
	s := ca.server()
	ec, err := x509.MarshalECPrivateKey(own.Certificate.PrivateKey.(*ecdsa.PrivateKey))
	noError(t, err)
	for name, cfg := range map[string]*pool.TLSConfig{
		"a bundle with an old CA and one that is none": {
			CAPEM:   slices.Concat(ca.issue("old", expired, mayAlsoSign).CertPEM, id.CertPEM, []byte("# comment\n"), ca.PEM()),
			CertPEM: own.CertPEM, KeyPEM: own.KeyPEM,
		},
		"a chain, and the key with the parameters of its curve": {
			CAPEM: ca.PEM(), CertPEM: slices.Concat(own.CertPEM, ca.PEM()),
			KeyPEM: slices.Concat(block("EC PARAMETERS", []byte{6, 0}), block("EC PRIVATE KEY", ec)),
		},
		"certificate and key in one": {
			CAPEM: ca.PEM(), CertPEM: slices.Concat(own.KeyPEM, own.CertPEM), KeyPEM: slices.Concat(own.CertPEM, own.KeyPEM),
		},
	} {
		t.Run(name, func(t *testing.T) { ping(t, newPool(t, pool.Config{TLS: cfg}), s.Addr()) })
	}
}

func TestAnRSAKeyInTheOldFormIsReadToo(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	noError(t, err)
	ca := newAuthority(t)
	_, err = pool.New(pool.Config{TLS: &pool.TLSConfig{
		CAPEM: ca.PEM(), CertPEM: ca.issue("x").CertPEM, KeyPEM: block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)),
	}})
	if e := as[*pool.TLSConfigError](t, err); e.Problem != pool.TLSKeyMismatch { // read, and another's
		t.Errorf("%v", err)
	}
}

func TestATLSConfigIsCopiedWhenItIsTaken(t *testing.T) {
	ca := newAuthority(t)
	s := ca.server()
	cfg := ca.agent()
	p := newPool(t, pool.Config{TLS: cfg})
	clear(cfg.CAPEM[len(cfg.CAPEM)/2:])
	cfg.Region = "mars"
	ping(t, p, s.Addr())
}
