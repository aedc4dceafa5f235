package pool

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
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
