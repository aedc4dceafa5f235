package pool

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"
)

// TLSConfig says how a Pool speaks TLS with servers: who signs their
// certificates, what this side shows, and what name a server must have. Servers
// with TLS want a certificate from their clients, too.
//
// Each of CA, Cert and Key is given as a file or as PEM, not as both. A CA is
// needed; Cert and Key go together. The files are read by New and by SetTLS, and
// again and again with Watch. A TLSConfig is copied when it is taken.
type TLSConfig struct {
	// CAFile or CAPEM holds the certificates of the authorities that are trusted.
	// Those of the system are not.
	CAFile string
	CAPEM  []byte

	// CertFile or CertPEM holds the certificate to show, followed by those
	// between it and the authority.
	CertFile string
	CertPEM  []byte

	// KeyFile or KeyPEM holds the private key of the certificate, without a
	// passphrase.
	KeyFile string
	KeyPEM  []byte

	// Region makes the name to expect: server.<region>.nomad. Empty means
	// "global".
	Region string

	// ServerName is the name to expect in place of the region's. Mind that the
	// certificates of clients usually hold "localhost" as well as those of
	// servers do.
	ServerName string

	// MinVersion is the oldest version of TLS to speak. Zero means
	// tls.VersionTLS12, and older ones are refused.
	MinVersion uint16

	// Watch is how often the files are read again. When their contents have
	// changed they are taken as by SetTLS. Zero means never.
	Watch time.Duration
}

// credentials are a TLSConfig that was read. They are never changed.
type credentials struct {
	from  TLSConfig
	tls   *tls.Config
	roots []*x509.Certificate // the authorities that are trusted
	shown string              // the names in our certificate; empty: we have none
	sum   [sha256.Size]byte   // of what was read
}

// serverName is the name that a server's certificate must hold.
func (c *TLSConfig) serverName() string {
	if c.ServerName != "" {
		return c.ServerName
	}
	region := c.Region
	if region == "" {
		region = "global"
	}
	return "server." + region + ".nomad"
}

// load reads and checks everything; nil, for plain TCP, if c is nil. The error
// is a *TLSConfigError.
func (c *TLSConfig) load(now time.Time) (*credentials, error) {
	if c == nil {
		return nil, nil //nolint:nilnil // no credentials are a configuration, too
	}
	m, err := c.read()
	if err != nil {
		return nil, err
	}
	return m.credentials(now)
}

// credentials checks what was read.
func (m *material) credentials(now time.Time) (*credentials, error) {
	roots, err := m.roots(now)
	if err != nil {
		return nil, err
	}
	cfg := &tls.Config{RootCAs: roots, ServerName: m.from.serverName(), MinVersion: m.from.MinVersion}
	c := &credentials{from: m.from, tls: cfg, sum: m.sum()}
	if c.roots, err = m.ca.certificates(); err != nil {
		return nil, err
	}
	if m.cert.data == nil {
		return c, nil
	}
	own, err := m.identity(now)
	if err != nil {
		return nil, err
	}
	// Shown also to a server that says it trusts other authorities: its refusal
	// is then about the certificate, not about the lack of one.
	cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own, nil }
	c.shown = names(own.Leaf)
	return c, nil
}

// names are a certificate's, for the eye.
func names(cert *x509.Certificate) string {
	if n := offered(cert); len(n) > 0 {
		return listed(n)
	}
	return fmt.Sprintf("serial %x", cert.SerialNumber)
}
