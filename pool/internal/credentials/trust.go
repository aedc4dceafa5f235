package credentials

import (
	"cmp"
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
)

// newTrust is the trust in servers whose certificate one of roots has signed.
func newTrust(from *Config, roots []*x509.Certificate) trust {
	pool := x509.NewCertPool()
	for _, c := range roots {
		pool.AddCert(c)
	}
	cfg := &tls.Config{
		RootCAs: pool, ServerName: from.serverName(), MinVersion: from.MinVersion, CipherSuites: from.CipherSuites,
	}
	t := trust{tls: cfg, roots: roots, each: make(map[Sum]struct{}, len(roots)), wanted: cfg.ServerName}
	for _, c := range roots {
		t.each[sha256.Sum256(c.Raw)] = struct{}{}
	}
	cfg.VerifyConnection = t.strongChain
	if verify := from.VerifyServerName; verify != nil && !*verify {
		t.wanted, cfg.ServerName = "", from.ServerName
		cfg.InsecureSkipVerify, cfg.VerifyConnection = true, t.verifyChain
	}
	t.trusts = t.sum()
	return t
}

// sum identifies the trust, in whatever order its authorities and suites are listed.
func (t *trust) sum() (sum Sum) {
	h := sha256.New()
	for _, s := range slices.SortedFunc(maps.Keys(t.each), func(a, b Sum) int { return slices.Compare(a[:], b[:]) }) {
		h.Write(s[:])
	}
	h.Write(fmt.Appendf(nil, "%q %q %x %x", t.wanted, t.tls.ServerName, t.tls.MinVersion, slices.Sorted(slices.Values(t.tls.CipherSuites))))
	copy(sum[:], h.Sum(nil))
	return sum
}

// newOwn is a certificate with those between it and its authority.
func newOwn(chain []*x509.Certificate, key crypto.PrivateKey) own {
	o := own{cert: tls.Certificate{PrivateKey: key, Leaf: chain[0]}, chain: chain, shown: names(chain[0])}
	h := sha256.New()
	for _, c := range chain {
		o.cert.Certificate = append(o.cert.Certificate, c.Raw)
		h.Write(c.Raw)
	}
	copy(o.shows[:], h.Sum(nil))
	return o
}

// Trusts identifies what servers must show.
func (c *Credentials) Trusts() Sum {
	if c == nil {
		return Sum{}
	}
	return c.trusts
}

// Shows identifies the certificate of this side.
func (c *Credentials) Shows() Sum {
	if c == nil {
		return Sum{}
	}
	return c.shows
}

// Same reports whether c and other have both in common.
func (c *Credentials) Same(other *Credentials) bool {
	return (c == nil) == (other == nil) && c.Trusts() == other.Trusts() && c.Shows() == other.Shows()
}

// With is c with the certificate of other: with its files, too. c is not nil.
func (c *Credentials) With(other *Credentials) *Credentials {
	if c.Shows() == other.Shows() {
		return c
	}
	mixed := &Credentials{from: c.from, trust: c.trust, cautions: c.cautions, tickets: new(tickets)}
	f := &mixed.from
	f.CertFile, f.CertPEM, f.KeyFile, f.KeyPEM = "", nil, "", nil
	if other != nil {
		o := &other.from
		mixed.own = other.own
		f.CertFile, f.CertPEM, f.KeyFile, f.KeyPEM = o.CertFile, o.CertPEM, o.KeyFile, o.KeyPEM
		f.Watch = cmp.Or(f.Watch, o.Watch)
	}
	if f.CAFile == "" && f.CertFile == "" && f.KeyFile == "" {
		f.Watch = 0
	}
	return mixed
}

// Withdraws reports whether c, nil for plain TCP, may no longer trust a server that the
// credentials before it did: by an authority that is gone, another name to expect, or a
// version or suite that is no longer spoken. Other certificates of this side, and more
// authorities, withdraw nothing.
func (c *Credentials) Withdraws(before *Credentials) bool {
	switch {
	case c == nil:
		return false // it trusts any server
	case before == nil:
		return true // which trusted any server
	case c.wanted != "" && c.wanted != before.wanted, c.tls.MinVersion > before.tls.MinVersion:
		return true
	}
	suites, former := c.tls.CipherSuites, before.tls.CipherSuites
	if suites != nil && (former == nil || !subset(former, suites)) {
		return true
	}
	for root := range before.each {
		if _, stays := c.each[root]; !stays {
			return true
		}
	}
	return false
}

func subset(of, all []uint16) bool {
	return !slices.ContainsFunc(of, func(id uint16) bool { return !slices.Contains(all, id) })
}

// Peer is what a server has shown in a handshake. nil is one that was reached without TLS.
type Peer struct {
	certs   []*x509.Certificate
	version uint16
	suite   uint16
}

// Peer is what the server has shown.
func (c *Conn) Peer() *Peer {
	s := c.ConnectionState()
	return &Peer{certs: s.PeerCertificates, version: s.Version, suite: s.CipherSuite}
}

// Accept is nil if c would trust a server that shows in a handshake now what peer did, or
// says why not. It may take a millisecond and more, for a bundle of many authorities that
// have the same name.
func (c *Credentials) Accept(peer *Peer) error {
	switch {
	case c == nil:
		return nil
	case peer == nil:
		return &Error{Kind: ErrNotSpoken, Wanted: c.wanted, Err: errNoTLS}
	case peer.version < c.tls.MinVersion:
		return &Error{Kind: ErrFailed, Wanted: c.wanted, Err: fmt.Errorf("the server spoke %s", tls.VersionName(peer.version))}
	case peer.version < tls.VersionTLS13 && c.tls.CipherSuites != nil && !slices.Contains(c.tls.CipherSuites, peer.suite):
		return &Error{Kind: ErrFailed, Wanted: c.wanted, Err: fmt.Errorf("the server chose %s", tls.CipherSuiteName(peer.suite))}
	}
	if err := c.verify(peer.certs, c.wanted); err != nil {
		return c.tlsError("", err, progress{answered: true})
	}
	return nil
}
