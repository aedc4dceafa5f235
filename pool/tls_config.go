package pool

import (
	"cmp"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// TLSConfig configures TLS between a Pool and servers: the authority of their certificates,
// the certificate of this side, and the name that a server must have. Servers with TLS
// want a certificate from their clients, too.
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

	// VerifyServerName is whether a server's certificate must hold that name; nil
	// means true. A pointer to false is Nomad's verify_server_hostname = false: the
	// certificate must still be signed by the CA, be valid now and be one for servers,
	// but any holder of one, in any region, can pass for a server of this one. One
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

// credentials are a TLSConfig that was read. They are immutable.
type credentials struct {
	from   TLSConfig
	tls    *tls.Config
	roots  []*x509.Certificate // the authorities that are trusted
	own    tls.Certificate     // shown also to a server that names other authorities: its refusal is then about the certificate
	wanted string              // the name that a server must have; empty: any does
	shown  string              // the names in our certificate; empty: we have none
	sum    [sha256.Size]byte   // of what was read
}

// anyName reports whether the name in a server's certificate does not matter.
func (c *credentials) anyName() bool { return c != nil && c.wanted == "" }

// serverName is the name that a server's certificate must hold.
func (c *TLSConfig) serverName() string {
	return cmp.Or(c.ServerName, "server."+cmp.Or(c.Region, "global")+".nomad")
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

// names are a certificate's, for error texts.
func names(cert *x509.Certificate) string {
	if n := offered(cert); len(n) > 0 {
		return listed(n)
	}
	return fmt.Sprintf("serial %x", cert.SerialNumber)
}

// protocol fills in and checks the versions and suites.
func (c *TLSConfig) protocol() error {
	c.MinVersion = cmp.Or(c.MinVersion, tls.VersionTLS12)
	if c.MinVersion < tls.VersionTLS12 || c.MinVersion > tls.VersionTLS13 {
		return badVersion(tls.VersionName(c.MinVersion))
	}
	if len(c.CipherSuites) == 0 {
		c.CipherSuites = nil // package tls takes an empty list for none
		return nil
	}
	c.CipherSuites = slices.Clone(c.CipherSuites)
	old := c.MinVersion > tls.VersionTLS12 // TLS 1.2 is not spoken, or has a suite
	for _, id := range c.CipherSuites {
		s := suite(func(s *tls.CipherSuite) bool { return s.ID == id })
		switch {
		case s == nil:
			return badSuite(TLSUnknownSuite, tls.CipherSuiteName(id))
		case s.Insecure:
			return badSuite(TLSInsecureSuite, s.Name)
		}
		old = old || slices.Contains(s.SupportedVersions, tls.VersionTLS12)
	}
	if !old {
		return badSuite(TLSNoSuite, tls.CipherSuiteName(c.CipherSuites[0]))
	}
	return nil
}

// suite is the cipher suite that is selects, secure or not; nil: there is none.
func suite(is func(*tls.CipherSuite) bool) *tls.CipherSuite {
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if is(s) {
			return s
		}
	}
	return nil
}

// badVersion quotes a version that is not spoken.
func badVersion(quoted string) error {
	return &TLSConfigError{Field: "MinVersion", Problem: TLSBadVersion, Err: errors.New(quoted)}
}

// badSuite quotes a suite and lists those that may be given.
func badSuite(p TLSProblem, quoted string) error {
	var good []string
	for _, s := range tls.CipherSuites() {
		if slices.Contains(s.SupportedVersions, tls.VersionTLS12) {
			good = append(good, s.Name)
		}
	}
	return &TLSConfigError{
		Field: "CipherSuites", Problem: p, Err: fmt.Errorf("%s: give some of %s", quoted, strings.Join(good, ", ")),
	}
}

// ParseTLSVersion reads a value for TLSConfig.MinVersion: 1.2 or 1.3, also with TLS
// before it, or as Nomad's tls_min_version has it (tls12). Empty is 0, the default.
// The error is a *TLSConfigError.
func ParseTLSVersion(name string) (uint16, error) {
	text := strings.ToLower(strings.TrimSpace(name))
	if text == "" {
		return 0, nil
	}
	switch strings.TrimLeft(strings.TrimPrefix(text, "tls"), " v") {
	case "1.2", "12":
		return tls.VersionTLS12, nil
	case "1.3", "13":
		return tls.VersionTLS13, nil
	}
	return 0, badVersion(printable.Quote(name, printable.MaxName))
}

// Two suites that Nomad names without their hash (Nomad 2.0.6,
// helper/tlsutil/config.go).
var nomadSuites = map[string]uint16{
	"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305":   tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305": tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
}

// ParseCipherSuites reads a value for TLSConfig.CipherSuites: names as IANA, package
// crypto/tls and Nomad's tls_cipher_suites have them, with commas between. Empty is
// nil, the default. The error is a *TLSConfigError that names the suite and those
// that may be given.
func ParseCipherSuites(names string) ([]uint16, error) {
	if strings.TrimSpace(names) == "" {
		return nil, nil
	}
	var ids []uint16
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		id, known := nomadSuites[name]
		if s := suite(func(s *tls.CipherSuite) bool { return s.Name == name }); s != nil {
			if id, known = s.ID, true; s.Insecure {
				return nil, badSuite(TLSInsecureSuite, name)
			}
		}
		if !known {
			return nil, badSuite(TLSUnknownSuite, printable.Quote(name, printable.MaxName))
		}
		ids = append(ids, id)
	}
	return ids, nil
}
