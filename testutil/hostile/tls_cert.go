package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"
)

// authority signs certificates, good ones and others.
type authority struct {
	cert *x509.Certificate
	der  []byte
	key  crypto.Signer
}

// serverName is what the agent expects in a server's certificate.
const serverName = "server.global.nomad"

// newKey makes a key of the common sort.
func newKey() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// issue signs a certificate for a server, as edit changes it. key is nil for one of its
// own; by is nil for a certificate that signs itself.
func issue(by *authority, key crypto.Signer, edit func(*x509.Certificate)) (*authority, error) {
	if key == nil {
		var err error
		if key, err = newKey(); err != nil {
			return nil, err
		}
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	c := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: serverName}, DNSNames: []string{serverName, "localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if edit != nil {
		edit(c)
	}
	parent, signer := c, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil { // the agent may find it as odd
		cert = c
	}
	return &authority{cert: cert, der: der, key: key}, nil
}

// signs makes a certificate one that may sign others.
func signs(name string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject.CommonName, c.DNSNames, c.IsCA, c.ExtKeyUsage = name, nil, true, nil
		c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	}
}

// pem is the certificate as a file holds it.
func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.der})
}

// keyPEM is its key.
func (a *authority) keyPEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(a.key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

// shown is what a server shows: the certificate, and others behind it.
func (a *authority) shown(behind ...[]byte) tls.Certificate {
	return tls.Certificate{Certificate: append([][]byte{a.der}, behind...), PrivateKey: a.key}
}

// trusts is a pool with the authority alone.
func (a *authority) trusts() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}
