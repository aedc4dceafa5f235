package credentials

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
)

// material is the bytes that a Config names.
type material struct {
	from          Config
	ca, cert, key source
}

// source is one of them and where it came from.
type source struct {
	field string // of Config
	file  string // its path, or "PEM"
	data  []byte // nil: not given
}

func (s *source) bad(p Problem, err error) error {
	return &ConfigError{Field: s.field, File: s.file, Problem: p, Err: err}
}

// read copies the PEM and reads the files.
func (c *Config) read() (*material, error) {
	m := &material{from: *c}
	m.from.CAPEM, m.from.CertPEM, m.from.KeyPEM = bytes.Clone(c.CAPEM), bytes.Clone(c.CertPEM), bytes.Clone(c.KeyPEM)
	if c.VerifyServerName != nil {
		m.from.VerifyServerName = new(*c.VerifyServerName)
	}
	if err := m.from.protocol(); err != nil {
		return nil, err
	}
	if c.Watch < 0 || c.Watch > 0 && c.CAFile == "" && c.CertFile == "" && c.KeyFile == "" {
		return nil, &ConfigError{Field: "Watch", Problem: BadWatch, Err: errors.New(c.Watch.String())}
	}
	for _, s := range []struct {
		to   *source
		name string
		file string
		pem  []byte
	}{
		{&m.ca, "CA", c.CAFile, m.from.CAPEM},
		{&m.cert, "Cert", c.CertFile, m.from.CertPEM},
		{&m.key, "Key", c.KeyFile, m.from.KeyPEM},
	} {
		if err := s.to.read(s.name, s.file, s.pem); err != nil {
			return nil, err
		}
	}
	switch {
	case m.ca.data == nil:
		return nil, m.ca.bad(NoCA, nil)
	case m.cert.data != nil && m.key.data == nil:
		return nil, m.cert.bad(NoKey, nil)
	case m.cert.data == nil && m.key.data != nil:
		return nil, m.key.bad(NoCertificate, nil)
	}
	return m, nil
}

// read fills in s; it stays empty if neither is given.
func (s *source) read(name, file string, text []byte) (err error) {
	s.field, s.file = name+"File", file
	switch {
	case file != "" && len(text) > 0:
		return s.bad(GivenTwice, nil)
	case file != "":
		if s.data, err = os.ReadFile(file); err != nil {
			return s.bad(Unreadable, err)
		}
		if s.data == nil {
			s.data = []byte{} // empty, but given
		}
	case len(text) > 0:
		s.field, s.file, s.data = name+"PEM", "PEM", text
	}
	return nil
}

// sum identifies the contents.
func (m *material) sum() (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, s := range []*source{&m.ca, &m.cert, &m.key} {
		h.Write(fmt.Appendf(nil, "%d ", len(s.data)))
		h.Write(s.data)
	}
	copy(sum[:], h.Sum(nil))
	return sum
}

// certificates are those in s, at least one.
func (s *source) certificates() (all []*x509.Certificate, err error) {
	for rest := s.data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, s.bad(Malformed, err)
		}
		all = append(all, cert)
	}
	if all == nil {
		return nil, s.bad(NoPEM, errors.New("no CERTIFICATE block"))
	}
	return all, nil
}

// trust is the authorities, and what else a server must show.
func (m *material) trust() (trust, error) {
	all, err := m.ca.certificates()
	if err != nil {
		return trust{}, err
	}
	all = slices.DeleteFunc(all, func(c *x509.Certificate) bool { return !c.IsCA })
	if len(all) == 0 {
		return trust{}, m.ca.bad(NotCA, nil)
	}
	if !slices.ContainsFunc(all, strong) {
		return trust{}, m.ca.bad(WeakKey, weakness(all[0]))
	}
	return newTrust(&m.from, all), nil
}

// identity is this side's certificate.
func (m *material) identity() (own, error) {
	chain, err := m.cert.certificates()
	if err != nil {
		return own{}, err
	}
	key, err := m.key.privateKey()
	if err != nil {
		return own{}, err
	}
	if public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !public.Equal(chain[0].PublicKey) {
		return own{}, m.key.bad(KeyMismatch, fmt.Errorf("the certificate is in %s", m.cert.file))
	}
	for _, c := range chain {
		if !strong(c) {
			return own{}, m.cert.bad(WeakKey, weakness(c))
		}
	}
	return newOwn(chain, key), nil
}

// privateKey is the first private key in s.
func (s *source) privateKey() (crypto.Signer, error) {
	for rest := s.data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, s.bad(NoPEM, errors.New("no PRIVATE KEY block"))
		}
		var key any
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			err = errors.New("it is encrypted: store it without a passphrase")
		default:
			continue // parameters of a curve, or a certificate
		}
		if err != nil {
			return nil, s.bad(Malformed, err)
		}
		signer, ok := key.(crypto.Signer)
		if !ok {
			return nil, s.bad(Malformed, fmt.Errorf("a %T cannot sign", key))
		}
		return signer, nil
	}
}
