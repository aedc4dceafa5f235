package credentials

import (
	"cmp"
	"context"
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

// Config is a pool.TLSConfig, where the fields are documented.
type Config struct {
	CAFile           string
	CAPEM            []byte
	CertFile         string
	CertPEM          []byte
	KeyFile          string
	KeyPEM           []byte
	Region           string
	ServerName       string
	VerifyServerName *bool
	MinVersion       uint16
	CipherSuites     []uint16
	Watch            time.Duration
}

// Credentials are a Config that was read. They are immutable. nil is plain TCP. They have two
// sides: what a server must show to be trusted, and what this side shows.
type Credentials struct {
	from     Config
	sum      Sum      // of what was read; zero: they were put together
	cautions []string // what is wrong with the files, and no reason to refuse them
	tickets  *tickets

	trust
	own
}

// Sum identifies contents. The zero Sum is that of plain TCP, and of no certificate.
type Sum = [sha256.Size]byte

// trust is what a server must show.
type trust struct {
	trusts Sum
	tls    *tls.Config
	roots  []*x509.Certificate
	each   map[Sum]struct{} // of these
	wanted string           // the name that a server must have; empty: any does
}

// own is what this side shows, also to a server that names other authorities: its refusal is
// then about the certificate.
type own struct {
	shows Sum
	cert  tls.Certificate
	chain []*x509.Certificate
	shown string // the names in it; empty: there is none
}

// Cautions are what is wrong with the files, and no reason to refuse them; of nil there are
// none.
func (c *Credentials) Cautions() []string {
	if c == nil {
		return nil
	}
	return c.cautions
}

// AnyName reports whether the name in a server's certificate does not matter.
func (c *Credentials) AnyName() bool { return c != nil && c.wanted == "" }

// serverName is the name that a server's certificate must hold.
func (c *Config) serverName() string {
	return cmp.Or(c.ServerName, "server."+cmp.Or(c.Region, "global")+".nomad")
}

// Load reads and checks everything but the time; nil, for plain TCP, if c is nil. The error
// is a *ConfigError. A certificate that is not valid now may be when it is used, or by the
// server's clock: see [Credentials.Notices].
func (c *Config) Load() (*Credentials, error) {
	if c == nil {
		return nil, nil //nolint:nilnil // no credentials are a configuration, too
	}
	m, err := c.read(context.Background())
	if err != nil {
		return nil, err
	}
	return m.credentials()
}

// credentials checks what was read.
func (m *material) credentials() (*Credentials, error) {
	c := &Credentials{from: m.from, sum: m.sum(), cautions: m.cautions(), tickets: new(tickets)}
	var err error
	if c.trust, err = m.trust(); err != nil {
		return nil, err
	}
	if m.cert.data != nil {
		c.own, err = m.identity()
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// From is the configuration that was read, with its defaults filled in. It is not to be
// changed.
func (c *Credentials) From() *Config { return &c.from }

// names are a certificate's, for error texts.
func names(cert *x509.Certificate) string {
	if n := offered(cert); len(n) > 0 {
		return listed(n)
	}
	return fmt.Sprintf("serial %x", cert.SerialNumber)
}

// protocol fills in and checks the versions and suites.
func (c *Config) protocol() error {
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
			return badSuite(UnknownSuite, tls.CipherSuiteName(id))
		case s.Insecure:
			return badSuite(InsecureSuite, s.Name)
		}
		old = old || slices.Contains(s.SupportedVersions, tls.VersionTLS12)
	}
	if !old {
		return badSuite(NoSuite, tls.CipherSuiteName(c.CipherSuites[0]))
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
	return &ConfigError{Field: "MinVersion", Problem: BadVersion, Err: errors.New(quoted)}
}

// badSuite quotes a suite and lists those that may be given.
func badSuite(p Problem, quoted string) error {
	var good []string
	for _, s := range tls.CipherSuites() {
		if slices.Contains(s.SupportedVersions, tls.VersionTLS12) {
			good = append(good, s.Name)
		}
	}
	return &ConfigError{
		Field: "CipherSuites", Problem: p, Err: fmt.Errorf("%s: give some of %s", quoted, strings.Join(good, ", ")),
	}
}

// ParseVersion reads a value for Config.MinVersion: 1.2 or 1.3, also with TLS
// before it, or as Nomad's tls_min_version has it (tls12). Empty is 0, the default.
// The error is a *ConfigError.
func ParseVersion(name string) (uint16, error) {
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

// ParseSuites reads a value for Config.CipherSuites: names as IANA, package
// crypto/tls and Nomad's tls_cipher_suites have them, with commas between. Empty is
// nil, the default. The error is a *ConfigError that names the suite and those
// that may be given.
func ParseSuites(names string) ([]uint16, error) {
	if strings.TrimSpace(names) == "" {
		return nil, nil
	}
	var ids []uint16
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		id, known := nomadSuites[name]
		if s := suite(func(s *tls.CipherSuite) bool { return s.Name == name }); s != nil {
			if id, known = s.ID, true; s.Insecure {
				return nil, badSuite(InsecureSuite, name)
			}
		}
		if !known {
			return nil, badSuite(UnknownSuite, printable.Quote(name, printable.MaxName))
		}
		ids = append(ids, id)
	}
	return ids, nil
}
