package credentials

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
)

// verifyChain is for a handshake in which package tls verifies nothing: it does the
// same but for the name. It is called in every handshake, a resumed one included.
func verifyChain(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(s tls.ConnectionState) error {
		certs := s.PeerCertificates
		if len(certs) == 0 {
			return errors.New("tls: the server shows no certificate")
		}
		between := x509.NewCertPool()
		for _, c := range certs[1:] {
			between.AddCert(c)
		}
		_, err := certs[0].Verify(x509.VerifyOptions{
			Roots: roots, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		})
		if err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: certs, Err: err}
		}
		return nil
	}
}

// Withdraws reports whether c, nil for plain TCP, no longer trusts a server that the
// credentials before it did: by an authority that is gone, or another name to expect.
// What was made on them must end then. Other certificates of this side, and more
// authorities, withdraw nothing.
func (c *Credentials) Withdraws(before *Credentials) bool {
	switch {
	case c == nil:
		return false // it trusts any server
	case before == nil:
		return true // which trusted any server
	case c.wanted != "" && c.wanted != before.wanted:
		return true
	}
	return slices.ContainsFunc(before.roots, func(root *x509.Certificate) bool {
		return !slices.ContainsFunc(c.roots, root.Equal)
	})
}
