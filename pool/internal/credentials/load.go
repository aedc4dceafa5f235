package credentials

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/internal/pemtext"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/internal/safefile"
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

	public, writable bool // every user of the machine can read it, write it
}

func (s *source) bad(p Problem, err error) error {
	return &ConfigError{Field: s.field, File: s.file, Problem: p, Err: err}
}

// read copies the PEM and reads the files, until ctx ends.
func (c *Config) read(ctx context.Context) (*material, error) {
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
		if err := s.to.read(ctx, s.name, s.file, s.pem); err != nil {
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
func (s *source) read(ctx context.Context, name, file string, text []byte) error {
	s.field, s.file = name+"File", file
	switch {
	case file != "" && len(text) > 0:
		return s.bad(GivenTwice, nil)
	case file != "":
		f, err := safefile.Read(ctx, file, safefile.Rules{Limit: pemtext.Limit})
		if err != nil {
			return s.bad(Unreadable, err)
		}
		s.data, s.public, s.writable = f.Data, f.Public(), f.Writable()
	case len(text) > 0:
		s.field, s.file, s.data = name+"PEM", "PEM", text
	}
	return nil
}

// cautions say which files others can read or write that should not.
func (m *material) cautions() (all []string) {
	for _, s := range []*source{&m.ca, &m.cert, &m.key} {
		what := ""
		switch {
		case s.writable:
			what = "can be written by every user of this machine: take that from its mode"
		case s.public && s == &m.key:
			what = "can be read by every user of this machine: set its mode to 0600"
		default:
			continue
		}
		all = append(all, fmt.Sprintf("TLSConfig.%s %s %s", s.field, printable.Line(s.file, maxPath), what))
	}
	return all
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

// unclear is the error about what s holds.
func (s *source) unclear(err error) error {
	problem := Malformed
	if e, ok := errors.AsType[*pemtext.Error](err); ok {
		switch e.Kind {
		case pemtext.Absent:
			problem = NoPEM
		case pemtext.NotCA:
			problem = NotCA
		case pemtext.Weak:
			problem = WeakKey
		}
	}
	return s.bad(problem, err)
}

// trust is the authorities, and what else a server must show.
func (m *material) trust() (trust, error) {
	all, err := pemtext.Authorities(m.ca.data)
	if err != nil {
		return trust{}, m.ca.unclear(err)
	}
	return newTrust(&m.from, all), nil
}

// identity is this side's certificate, with those between it and its authority.
func (m *material) identity() (own, error) {
	chain, err := pemtext.Chain(m.cert.data)
	if err != nil {
		return own{}, m.cert.unclear(err)
	}
	keys, err := pemtext.Keys(m.key.data)
	if err != nil {
		return own{}, m.key.unclear(err)
	}
	pair, err := pemtext.Pair(chain, keys, time.Now())
	if err != nil {
		return own{}, m.key.bad(KeyMismatch, fmt.Errorf("the certificate is in %s; %w", printable.Line(m.cert.file, maxPath), err))
	}
	if first, is := chain[0].PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !is || !first.Equal(pair.Leaf.PublicKey) {
		return own{}, m.cert.bad(Malformed, fmt.Errorf("its certificates are in the wrong order: the key is for that of %s: put it first, and behind it the one that signed it", names(pair.Leaf)))
	}
	shown := make([]*x509.Certificate, len(pair.Certificate))
	for i, raw := range pair.Certificate {
		shown[i] = chain[slices.IndexFunc(chain, func(c *x509.Certificate) bool { return bytes.Equal(c.Raw, raw) })]
	}
	return newOwn(shown, pair.PrivateKey), nil
}
