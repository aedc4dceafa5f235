package pemtext

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

// maxChain bounds how many certificates a file with a certificate to show may hold: each is
// sent in every handshake.
const maxChain = 64

// Chain returns the certificates of a text with the one to show, and those between it and its
// authority, in any order. The error is an *Error.
func Chain(text []byte) ([]*x509.Certificate, error) {
	certs, err := Certificates(text)
	if err == nil && len(certs) > maxChain {
		return nil, &Error{Reason: fmt.Sprintf("it holds %d certificates, and %d are the most to show", len(certs), maxChain)}
	}
	return certs, err
}

// Pair puts a chain into order: the certificate to show is the first that one of the keys is
// for, of several the first that is valid now; behind it comes who signed it, and so on, and
// then the others as they are. There is at least one. The error is an *Error about the keys.
func Pair(certs []*x509.Certificate, keys []crypto.Signer, now time.Time) (*tls.Certificate, error) {
	var own *tls.Certificate
	for _, c := range certs {
		valid := !now.Before(c.NotBefore) && !now.After(c.NotAfter)
		if key := keyOf(c, keys); key != nil && (own == nil || valid) {
			own = &tls.Certificate{PrivateKey: key, Leaf: c}
			if valid {
				break
			}
		}
	}
	if own != nil {
		for _, c := range ordered(own.Leaf, certs) {
			own.Certificate = append(own.Certificate, c.Raw)
		}
		return own, nil
	}
	reason := "it is for " + subject(certs[0])
	if len(certs) > 1 {
		reason = fmt.Sprintf("none of the %d certificates is for it", len(certs))
	}
	return nil, &Error{Kind: Mismatched, Reason: reason}
}

// keyOf is the key that the certificate is for; nil: none of them.
func keyOf(c *x509.Certificate, keys []crypto.Signer) crypto.Signer {
	for _, key := range keys {
		if public, is := key.Public().(interface{ Equal(crypto.PublicKey) bool }); is && public.Equal(c.PublicKey) {
			return key
		}
	}
	return nil
}

// ordered are the certificates, the leaf first, and behind each one who signed it.
func ordered(leaf *x509.Certificate, certs []*x509.Certificate) []*x509.Certificate {
	rest := slices.Clone(certs)
	chain := make([]*x509.Certificate, 0, len(certs))
	for next := slices.Index(rest, leaf); next >= 0; {
		last := rest[next]
		chain, rest = append(chain, last), slices.Delete(rest, next, next+1)
		next = slices.IndexFunc(rest, func(c *x509.Certificate) bool {
			return bytes.Equal(c.RawSubject, last.RawIssuer) && last.CheckSignatureFrom(c) == nil
		})
	}
	return append(chain, rest...)
}
