package credentials

import (
	"crypto/tls"
	"crypto/x509"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{
			&Error{Addr: text, Kind: cause, Wanted: text, Offered: []string{text, text}, Shown: text, Ours: text, Err: cause},
			&Error{Addr: text, Kind: ErrRefused, Wanted: text, Offered: []string{text}, Shown: text, Ours: text, Err: cause},
			&Error{Addr: text, Kind: ErrExpired, Wanted: text, Offered: []string{text}, Shown: text, Ours: text, Err: &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired, Detail: text}}},
			&ConfigError{Field: text, File: text, Problem: Problem(text), Err: cause},
			&weakKeyError{cert: &x509.Certificate{DNSNames: []string{text, text}}, bits: 1024},
		}
	})
}
