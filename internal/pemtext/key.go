package pemtext

import (
	"crypto"
	"crypto/x509"
	"fmt"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Keys returns the private keys of a text, in its order; at least one. Certificates beside
// them are not looked at. A key with a passphrase is an error, unless another one has none.
// The error is an *Error.
func Keys(text []byte) ([]crypto.Signer, error) {
	blocks, err := Blocks(text)
	if err != nil {
		return nil, err
	}
	var keys []crypto.Signer
	var locked error
	for i := range blocks {
		b := &blocks[i]
		switch {
		case b.encrypted || b.Type == "ENCRYPTED PRIVATE KEY":
			if locked == nil {
				locked = b.bad(Malformed, nil, "it is encrypted: store the key without a passphrase (openssl pkey)")
			}
		case isKey(b.Type):
			key, err := privateKey(b.Type, b.Bytes)
			if err != nil {
				return nil, b.bad(Malformed, err, "it holds no private key: %s", quotedError(err))
			}
			if why := Short(key.Public()); why != "" {
				return nil, b.bad(Weak, nil, "it is %s", why)
			}
			keys = append(keys, key)
		case !isCertificate(b.Type) && !isParameters(b.Type):
			return nil, b.unused()
		}
	}
	switch {
	case keys != nil:
		return keys, nil
	case locked != nil:
		return nil, locked
	case len(blocks) > 0:
		return nil, &Error{Kind: Absent, Reason: "no PRIVATE KEY block: it holds certificates only"}
	}
	return nil, &Error{Kind: Absent, Reason: "no PRIVATE KEY block"}
}

func isKey(kind string) bool {
	switch kind {
	case "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
		return true
	}
	return false
}

// privateKey reads a key in each form that there is: tools have mixed up the types of
// blocks. The error is that of the form that the type stands for.
func privateKey(kind string, der []byte) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		ec, ecErr := x509.ParseECPrivateKey(der)
		rsa, rsaErr := x509.ParsePKCS1PrivateKey(der)
		switch {
		case ecErr == nil:
			key = ec
		case rsaErr == nil:
			key = rsa
		case kind == "EC PRIVATE KEY":
			return nil, ecErr
		case kind == "RSA PRIVATE KEY":
			return nil, rsaErr
		default:
			return nil, err
		}
	}
	signer, is := key.(crypto.Signer)
	if !is {
		return nil, fmt.Errorf("a %T cannot sign", key)
	}
	return signer, nil
}

// maxError bounds what is taken over of the text of package x509, in bytes.
const maxError = 200

func quotedError(err error) string { return printable.Line(err.Error(), maxError) }

func printableQuote(s string) string { return printable.Quote(s, maxError) }
