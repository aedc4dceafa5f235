package pool

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
)

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
		s := suite(id)
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

// suite is the cipher suite with that number, secure or not; nil: it is unknown.
func suite(id uint16) *tls.CipherSuite {
	all := append(tls.CipherSuites(), tls.InsecureCipherSuites()...)
	i := slices.IndexFunc(all, func(s *tls.CipherSuite) bool { return s.ID == id })
	if i < 0 {
		return nil
	}
	return all[i]
}

// badVersion quotes a version that is not spoken.
func badVersion(quoted string) error {
	return &TLSConfigError{Field: "MinVersion", Problem: TLSBadVersion, Err: errors.New(quoted)}
}

// badSuite quotes a suite and says which ones may be given.
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
	return 0, badVersion(fmt.Sprintf("%q", name))
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
		for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
			switch {
			case s.Name != name:
			case s.Insecure:
				return nil, badSuite(TLSInsecureSuite, name)
			default:
				id, known = s.ID, true
			}
		}
		if !known {
			return nil, badSuite(TLSUnknownSuite, fmt.Sprintf("%q", name))
		}
		ids = append(ids, id)
	}
	return ids, nil
}
