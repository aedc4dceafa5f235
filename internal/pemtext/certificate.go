package pemtext

import (
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"strings"
)

// Certificates returns the certificates of a text, in its order, each once; at least one.
// The error is an *Error.
func Certificates(text []byte) ([]*x509.Certificate, error) {
	blocks, err := Blocks(text)
	if err != nil {
		return nil, err
	}
	var all []*x509.Certificate
	seen := map[string]bool{}
	keys := 0
	for i := range blocks {
		b := &blocks[i]
		switch {
		case isCertificate(b.Type):
			cert, err := b.certificate()
			if err != nil {
				return nil, err
			}
			if !seen[string(cert.Raw)] {
				seen[string(cert.Raw)] = true
				all = append(all, cert)
			}
		case isKey(b.Type):
			keys++ // a file may hold the key too
		case !isParameters(b.Type):
			return nil, b.unused()
		}
	}
	switch {
	case all != nil:
		return all, nil
	case keys > 0:
		return nil, &Error{Kind: Absent, Reason: "no CERTIFICATE block: it holds a private key only"}
	}
	return nil, &Error{Kind: Absent, Reason: "no CERTIFICATE block"}
}

// certificate reads the block as one, and refuses a weak one.
func (b *Block) certificate() (*x509.Certificate, error) {
	if b.encrypted {
		return nil, b.bad(Malformed, nil, "it is encrypted: store it without a passphrase")
	}
	cert, err := x509.ParseCertificate(b.Bytes)
	if err != nil {
		return nil, b.bad(Malformed, err, "it holds no certificate: %s", quotedError(err))
	}
	if why := Short(cert.PublicKey); why != "" {
		return nil, b.bad(Weak, nil, "the key of the certificate for %s is %s", subject(cert), why)
	}
	return cert, nil
}

// MinRSA is the least length of an RSA key, in bits: shorter ones have been broken.
const MinRSA = 2048

// Short says of a public key that is too short how long it is, and how long it should be;
// of others nothing.
func Short(public any) string {
	if k, is := public.(*rsa.PublicKey); is && k.N.BitLen() < MinRSA {
		return fmt.Sprintf("RSA of %d bits: use %d at least, or an elliptic curve", k.N.BitLen(), MinRSA)
	}
	return ""
}

// Authorities returns the certificates of a text that are to be trusted, as Certificates
// does. At least one of them can sign others, or has signed itself: those beside it are
// trusted as themselves only, which is what package x509 does with them.
func Authorities(text []byte) ([]*x509.Certificate, error) {
	all, err := Certificates(text)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if MaySign(c) || c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil {
			return all, nil
		}
	}
	return nil, &Error{Kind: NotCA, Reason: fmt.Sprintf("the first is for %s", subject(all[0]))}
}

// MaySign reports whether package x509 lets the certificate sign others: it is that of an
// authority, or so old that it cannot say so.
func MaySign(c *x509.Certificate) bool {
	return c.IsCA && c.BasicConstraintsValid || c.Version < 3
}

// subject names a certificate in an error.
func subject(c *x509.Certificate) string {
	name := c.Subject.CommonName
	if name == "" && len(c.DNSNames) > 0 {
		name = c.DNSNames[0]
	}
	if name == "" {
		return fmt.Sprintf("serial %x", c.SerialNumber)
	}
	return printableQuote(name)
}

// unused is the error about a block that no file for TLS should have, or that is not used
// as it is.
func (b *Block) unused() error {
	why := "which is not used here: remove it"
	switch {
	case strings.HasSuffix(b.Type, "CERTIFICATE REQUEST"):
		why = "which is not a certificate yet: have the authority sign it"
	case b.Type == "TRUSTED CERTIFICATE":
		why = "whose rules of trust would not be kept: convert it with openssl x509"
	case strings.HasSuffix(b.Type, "PUBLIC KEY"):
		why = "which is neither a certificate nor a private key"
	case b.Type == "PKCS7" || b.Type == "CMS" || b.Type == "PKCS #7 SIGNED DATA":
		why = "a container: take the certificates out with openssl pkcs7 -print_certs"
	case b.Type == "OPENSSH PRIVATE KEY" || b.Type == "DSA PRIVATE KEY":
		why = "which TLS does not use: make a key with openssl genpkey"
	case b.Type == "X509 CRL":
		why = "and revocations are not looked at: remove it"
	}
	return b.bad(Malformed, nil, "it is a %s, %s", quoted(b.Type), why)
}

func isCertificate(kind string) bool { return kind == "CERTIFICATE" || kind == "X509 CERTIFICATE" }

// isParameters reports whether the block is one that tools put before a key, or servers
// after it, and that says nothing more than these do.
func isParameters(kind string) bool { return kind == "EC PARAMETERS" || kind == "DH PARAMETERS" }
