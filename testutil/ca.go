package testutil

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// CA is a certificate authority to throw away: it lives in memory, writes no
// file, and only a test should trust it. All its methods may be called from
// any goroutine.
type CA struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// CertConfig describes the certificate that [CA.Issue] makes.
type CertConfig struct {
	// Names are the DNS names the certificate is for; the first is its common
	// name too. At least one is needed.
	Names []string
	// NotBefore and NotAfter bound its validity. Zero: an hour ago, and in a day.
	NotBefore, NotAfter time.Time
	// Usages are what it may be used for. Empty: as a server's and as a client's.
	Usages []x509.ExtKeyUsage
	// CA makes a certificate that may sign others.
	CA bool
}

// Identity is a certificate and its private key, in both forms that programs
// take them in.
type Identity struct {
	CertPEM, KeyPEM []byte
	Certificate     tls.Certificate
}

// NewCA makes an authority with a name and a key of its own, valid for a day. The
// error is that of package x509.
func NewCA() (*CA, error) {
	ca := &CA{}
	id, err := ca.Issue(CertConfig{Names: []string{"Nomad Agent CA " + rand.Text()}, CA: true})
	if err != nil {
		return nil, err
	}
	ca.cert, ca.key, ca.pem = id.Certificate.Leaf, id.Certificate.PrivateKey.(*ecdsa.PrivateKey), id.CertPEM
	return ca, nil
}

// PEM returns the authority's certificate, as a CA file holds it.
func (ca *CA) PEM() []byte { return ca.pem }

// Server issues what a server of the region shows: server.<region>.nomad and
// localhost. The error is that of [CA.Issue].
func (ca *CA) Server(region string) (*Identity, error) {
	return ca.Issue(CertConfig{Names: []string{"server." + region + ".nomad", "localhost"}})
}

// Client issues what a client agent of the region shows: client.<region>.nomad
// and localhost. The error is that of [CA.Issue].
func (ca *CA) Client(region string) (*Identity, error) {
	return ca.Issue(CertConfig{Names: []string{"client." + region + ".nomad", "localhost"}})
}

// Issue makes a certificate, signed by the authority, for servers and clients
// alike, with a key of its own. The error is *ConfigError, or that of package
// x509 for names that no certificate can hold.
func (ca *CA) Issue(cfg CertConfig) (*Identity, error) {
	if len(cfg.Names) == 0 {
		return nil, &ConfigError{Field: "Names", Reason: "a certificate is for a name: give at least one"}
	}
	now := time.Now()
	if cfg.NotBefore.IsZero() {
		cfg.NotBefore = now.Add(-time.Hour)
	}
	if cfg.NotAfter.IsZero() {
		cfg.NotAfter = now.Add(24 * time.Hour)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: cfg.Names[0]},
		NotBefore: cfg.NotBefore, NotAfter: cfg.NotAfter, BasicConstraintsValid: true,
	}
	if cfg.CA {
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	} else {
		template.DNSNames, template.KeyUsage = cfg.Names, x509.KeyUsageDigitalSignature
		if template.ExtKeyUsage = cfg.Usages; len(cfg.Usages) == 0 {
			template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		}
	}
	parent, signer := ca.cert, ca.key
	if parent == nil {
		parent, signer = template, key // the authority's own
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, fmt.Errorf("testutil: no certificate for %q: %w", cfg.Names, err)
	}
	return newIdentity(der, key)
}

func newIdentity(der []byte, key *ecdsa.PrivateKey) (*Identity, error) {
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return &Identity{
		CertPEM:     pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		KeyPEM:      pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		Certificate: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf},
	}, nil
}

// ServerTLS is a configuration for [ServerConfig].TLS of a server that shows id
// and asks of its clients what real servers of the region ask: a certificate of
// this authority, for client.<region>.nomad or for any server.
func (ca *CA) ServerTLS(id *Identity, region string) *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{id.Certificate},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    ca.trusted(),
		VerifyPeerCertificate: func(_ [][]byte, chains [][]*x509.Certificate) error {
			for _, name := range chains[0][0].DNSNames {
				if name == "client."+region+".nomad" || strings.HasPrefix(name, "server.") {
					return nil
				}
			}
			return errors.New("testutil: the certificate is neither a client's of " + region + " nor a server's")
		},
	}
}

// ClientTLS is the configuration of a client that shows id, or nothing if id is
// nil, and expects a server of the region.
func (ca *CA) ClientTLS(id *Identity, region string) *tls.Config {
	cfg := &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: ca.trusted(), ServerName: "server." + region + ".nomad",
	}
	if id != nil {
		cfg.Certificates = []tls.Certificate{id.Certificate}
	}
	return cfg
}

func (ca *CA) trusted() *x509.CertPool {
	trusted := x509.NewCertPool()
	trusted.AddCert(ca.cert)
	return trusted
}
