package pool

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"time"
)

// TLSConfig says how a Pool speaks TLS with servers: who signs their
// certificates, what this side shows, and what name a server must have. Servers
// with TLS want a certificate from their clients, too.
//
// Each of CA, Cert and Key is given as a file or as PEM, not as both. A CA is
// needed; Cert and Key go together. The files are read by New, SetTLS and OfferTLS,
// and again and again with Watch. A TLSConfig is copied when it is taken.
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
	// servers do. It goes out in the handshake (SNI), as the region's does.
	ServerName string

	// VerifyServerName says whether a server's certificate must hold that name; nil
	// means true. A pointer to false is Nomad's verify_server_hostname = false: the
	// certificate must still be signed by the CA, be valid now and be one for servers,
	// but whoever holds one, in any region, can pass for a server of this one. One
	// warning is logged when that comes into force. Then Region means nothing, and
	// ServerName is sent and not compared.
	VerifyServerName *bool

	// MinVersion is the oldest version of TLS to speak, see ParseTLSVersion. Zero
	// means tls.VersionTLS12, and older ones are refused.
	MinVersion uint16

	// CipherSuites are the suites for TLS 1.2, see ParseCipherSuites; Go orders them.
	// Empty means those of package crypto/tls. One that is unknown, or in
	// tls.InsecureCipherSuites, is refused. Suites of TLS 1.3 may be among them, but
	// not alone unless that is MinVersion: they are all on offer anyway.
	CipherSuites []uint16

	// Watch is how often the files are read again. When their contents have changed
	// they are offered as by OfferTLS. Zero means never.
	Watch time.Duration
}

// credentials are a TLSConfig that was read. They are never changed.
type credentials struct {
	from   TLSConfig
	tls    *tls.Config
	roots  []*x509.Certificate // the authorities that are trusted
	own    tls.Certificate     // shown also to a server that names other authorities: its refusal is then about the certificate
	wanted string              // the name that a server must have; empty: any does
	shown  string              // the names in our certificate; empty: we have none
	sum    [sha256.Size]byte   // of what was read
}

// anyName says whether servers are taken whatever their certificate's name is.
func (c *credentials) anyName() bool { return c != nil && c.wanted == "" }

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
	// No ClientSessionCache: each session's handshake is a full one.
	cfg := &tls.Config{
		RootCAs: roots, ServerName: m.from.serverName(),
		MinVersion: m.from.MinVersion, CipherSuites: m.from.CipherSuites,
	}
	c := &credentials{from: m.from, tls: cfg, wanted: cfg.ServerName, sum: m.sum()}
	if c.roots, err = m.ca.certificates(); err != nil {
		return nil, err
	}
	if verify := m.from.VerifyServerName; verify != nil && !*verify {
		c.wanted, cfg.ServerName = "", m.from.ServerName
		cfg.InsecureSkipVerify, cfg.VerifyConnection = true, verifyChain(roots)
	}
	if m.cert.data == nil {
		return c, nil
	}
	own, err := m.identity(now)
	if err != nil {
		return nil, err
	}
	c.own, c.shown = *own, names(own.Leaf)
	return c, nil
}

// names are a certificate's, for the eye.
func names(cert *x509.Certificate) string {
	if n := offered(cert); len(n) > 0 {
		return listed(n)
	}
	return fmt.Sprintf("serial %x", cert.SerialNumber)
}

// TLSConfigError says what is wrong with a TLSConfig, and in which file.
type TLSConfigError struct {
	Field   string // of TLSConfig
	File    string // its path, "PEM" if it was given as such, or empty
	Problem TLSProblem
	Err     error // nil, or more about it
}

func (e *TLSConfigError) Error() string {
	var b strings.Builder
	b.WriteString("pool: TLSConfig." + e.Field)
	if e.File != "" {
		b.WriteString(" " + e.File)
	}
	b.WriteString(" " + string(e.Problem))
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *TLSConfigError) Unwrap() error { return e.Err }

// TLSProblem is what is wrong with a part of a TLSConfig, in words that follow
// its name.
type TLSProblem string

// The problems.
const (
	TLSUnreadable    TLSProblem = "cannot be read"
	TLSGivenTwice    TLSProblem = "is given as a file and as PEM: give one of them"
	TLSNoPEM         TLSProblem = "holds no PEM of the kind expected"
	TLSMalformed     TLSProblem = "cannot be understood"
	TLSNoCA          TLSProblem = "is missing: give the CA that signs the servers' certificates, as CAFile or CAPEM"
	TLSNotCA         TLSProblem = "holds certificates, and none of a CA"
	TLSNoKey         TLSProblem = "is a certificate without its key: give KeyFile or KeyPEM"
	TLSNoCertificate TLSProblem = "is a key without its certificate: give CertFile or CertPEM"
	TLSKeyMismatch   TLSProblem = "is not the key of the certificate"
	TLSExpired       TLSProblem = "has expired"
	TLSNotYetValid   TLSProblem = "is not valid yet"
	TLSBadVersion    TLSProblem = "must be TLS 1.2 or 1.3"
	TLSUnknownSuite  TLSProblem = "holds a cipher suite that is not known"
	TLSInsecureSuite TLSProblem = "holds a cipher suite that is not secure"
	TLSNoSuite       TLSProblem = "holds no cipher suite of TLS 1.2, which MinVersion allows"
	TLSBadWatch      TLSProblem = "must be positive, and there must be files to watch"
)
