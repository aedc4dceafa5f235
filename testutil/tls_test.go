package testutil

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

func selfSigned(tb testing.TB, name string) (tls.Certificate, *x509.CertPool) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestAServerWithTLSSpeaksNothingElse(t *testing.T) {
	cert, pool := selfSigned(t, "server.global.nomad")
	s := start(t, ServerConfig{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	secured := tls.Client(connect(t, s.Addr(), modeTLS), &tls.Config{RootCAs: pool, ServerName: "server.global.nomad"})
	if _, err := secured.Write([]byte{modeYamux}); err != nil {
		t.Fatal(err)
	}
	session, err := plainclient.Start(secured, plain)
	if err := newClient(t, session, err).open(modeRPC).call("Status.Ping", dict{}, nil); err != nil {
		t.Error(err)
	}
	if _, err := connect(t, s.Addr(), modeYamux).Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("a plain client: %v", err)
	}
}
