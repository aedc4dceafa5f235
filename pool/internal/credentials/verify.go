package credentials

import (
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
)

// leastRSA is the shortest RSA key that is trusted or used, in bits: shorter ones have been
// broken, or will be.
const leastRSA = 2048

// weakKeyError reports a key that is too short.
type weakKeyError struct {
	cert *x509.Certificate
	bits int
}

func (e *weakKeyError) Error() string {
	return fmt.Sprintf("the key of %s has %d bits: %d are the least", names(e.cert), e.bits, leastRSA)
}

// weakness is what is wrong with the key of a certificate; nil: nothing.
func weakness(c *x509.Certificate) error {
	if key, is := c.PublicKey.(*rsa.PublicKey); is && key.N.BitLen() < leastRSA {
		return &weakKeyError{c, key.N.BitLen()}
	}
	return nil
}

func strong(c *x509.Certificate) bool { return weakness(c) == nil }

// strongChain is for a handshake that package tls verifies: one of the chains must be
// without a short key. In a resumed handshake what the server showed before is verified anew.
func (t *trust) strongChain(s tls.ConnectionState) error {
	if s.DidResume {
		return t.verify(s.PeerCertificates, t.wanted)
	}
	return anyStrong(s.VerifiedChains)
}

func anyStrong(chains [][]*x509.Certificate) (weak error) {
	for _, chain := range chains {
		at := slices.IndexFunc(chain, func(c *x509.Certificate) bool { return !strong(c) })
		if at < 0 {
			return nil
		}
		weak = weakness(chain[at])
	}
	return weak
}

// verifyChain is for a handshake in which package tls verifies nothing: it does the
// same but for the name. It is called in every handshake, a resumed one included.
func (t *trust) verifyChain(s tls.ConnectionState) error { return t.verify(s.PeerCertificates, "") }

// verify does what package tls does, and looks at the keys; name may be empty.
func (t *trust) verify(certs []*x509.Certificate, name string) error {
	if len(certs) == 0 {
		return errors.New("tls: the server shows no certificate")
	}
	chains, err := certs[0].Verify(t.options(certs, name))
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: certs, Err: err}
	}
	return anyStrong(chains)
}

func (t *trust) options(certs []*x509.Certificate, name string) x509.VerifyOptions {
	between := x509.NewCertPool()
	for _, c := range certs[1:] {
		between.AddCert(c)
	}
	return x509.VerifyOptions{
		Roots: t.tls.RootCAs, DNSName: name, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}
