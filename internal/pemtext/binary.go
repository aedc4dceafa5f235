package pemtext

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
)

// notText names what is no PEM at all, but known.
func notText(text []byte) error {
	if bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) || wide(text) {
		return &Error{Kind: Absent, Reason: "it is PEM in UTF-16, or another wide encoding: save it as UTF-8"}
	}
	if bytes.Contains(text, []byte(begin)) || len(text) == 0 {
		return nil
	}
	var what, how string
	switch text[0] {
	case 0x30:
		if what, how = der(text); what == "" {
			return nil
		}
	case 0xfe:
		if !bytes.HasPrefix(text, []byte{0xfe, 0xed, 0xfe, 0xed}) {
			return nil
		}
		what, how = "a Java key store", "keytool -exportcert -rfc, or keytool -importkeystore to PKCS#12 and then openssl pkcs12"
	default:
		return nil
	}
	return &Error{Kind: Absent, Reason: fmt.Sprintf("it is %s, not PEM: convert it with %s", what, how)}
}

// wide reports whether the text is ASCII in units of two bytes or four.
func wide(text []byte) bool {
	return bytes.Contains(text, []byte("-\x00-\x00-\x00B\x00E\x00G\x00I\x00N")) || bytes.Contains(text, []byte("B\x00\x00\x00E\x00\x00\x00G\x00\x00\x00I\x00\x00\x00N"))
}

// der names the binary forms of what PEM holds.
func der(text []byte) (what, how string) {
	var outer asn1.RawValue
	if _, err := asn1.Unmarshal(text, &outer); err != nil {
		return "", ""
	}
	const key = "openssl pkey -inform der"
	var version int
	var id asn1.ObjectIdentifier
	rest, err := asn1.Unmarshal(outer.Bytes, &version)
	if err == nil && version == 3 && len(rest) > 0 && rest[0] == 0x30 {
		return "PKCS#12", "openssl pkcs12 -nodes"
	}
	if _, err := asn1.Unmarshal(outer.Bytes, &id); err == nil && id.String() == "1.2.840.113549.1.7.2" {
		return "PKCS#7 in DER", "openssl pkcs7 -inform der -print_certs"
	}
	if _, err := x509.ParseCertificate(text); err == nil {
		return "a certificate in DER", "openssl x509 -inform der"
	}
	if _, err := x509.ParseCertificateRequest(text); err == nil {
		return "a certificate signing request in DER", "the authority: it must be signed first"
	}
	if _, err := privateKey("", text); err == nil {
		return "a private key in DER", key
	}
	if _, err := x509.ParsePKIXPublicKey(text); err == nil {
		return "a public key in DER", "nothing: the certificate is needed"
	}
	return "DER, or another binary form", "openssl"
}
