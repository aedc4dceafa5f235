package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net"
	"strings"
	"time"
)

// certificateScenarios is certificates in a handshake that is good otherwise.
func certificateScenarios() []scenario {
	names := func(list ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.DNSNames = list }
	}
	more := func(n int, name func(i int) string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			for i := range n {
				c.DNSNames = append(c.DNSNames, name(i))
			}
		}
	}
	raw := func(der lazy) attack {
		return shows(func(c *credentials) (tls.Certificate, error) {
			return tls.Certificate{Certificate: [][]byte{der()}, PrivateKey: c.server.key}, nil
		})
	}
	extension := func(id asn1.ObjectIdentifier, critical bool, value []byte) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: id, Critical: critical, Value: value}}
		}
	}
	sans := asn1.ObjectIdentifier{2, 5, 29, 17}
	list := []scenario{
		{name: "expired", short: true, attack: wears(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })},
		{name: "not valid yet", attack: wears(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) })},
		{name: "valid for 7,000 years", attack: wears(func(c *x509.Certificate) { c.NotAfter = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC) })},
		{name: "another region's", short: true, attack: wears(names("server.mars.nomad", "localhost"))},
		{name: "a client's", attack: wears(names("client.global.nomad", "localhost"))},
		{name: "for no name", attack: wears(names())},
		{name: "for no name and nobody", attack: wears(func(c *x509.Certificate) { c.DNSNames, c.Subject = nil, pkix.Name{} })},
		{name: "for an address", attack: wears(func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, []net.IP{net.IPv4(127, 0, 0, 1)} })},
		{name: "for every name", attack: wears(names("*", "*.global.nomad", "*.nomad"))},
		{name: "for a name with a NUL", attack: wears(names("server.global.nomad\x00.evil.test"))},
		{name: "for a name with control characters", attack: wears(names("\x1b[2J\x1b]0;owned\a\n"))},
		{name: "for a name of 60 KiB", attack: wears(names(string(many(60<<10, 'x'))))},
		{name: "for a name of 60,000 dots", attack: wears(names(strings.Repeat(".", 60_000)))},
		{name: "for 100,000 names", short: true, attack: wears(more(100_000, func(int) string { return "a" }))},
		{name: "for 10,000 names, the right one last", short: true, attack: wears(func(c *x509.Certificate) {
			c.DNSNames = nil
			more(10_000, func(i int) string { return fmt.Sprintf("n%d.test", i) })(c)
			c.DNSNames = append(c.DNSNames, serverName)
		})},
		{name: "for 5,000 patterns", attack: wears(more(5000, func(i int) string { return fmt.Sprintf("*.%d.*.test", i) }))},
		{name: "of somebody with a name of 60 KiB", attack: wears(func(c *x509.Certificate) { c.DNSNames, c.Subject.CommonName = nil, strings.Repeat("y\x1b", 30<<10) })},
		{name: "of 1,000 organizations", attack: wears(func(c *x509.Certificate) { c.Subject.Organization = strings.Split(strings.Repeat("org,", 1000), ",") })},
		{name: "with no usage", attack: wears(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} })},
		{name: "with a serial of 60 bytes", attack: wears(func(c *x509.Certificate) { c.SerialNumber = new(big.Int).Lsh(big.NewInt(1), 479) })},
		{name: "with an unknown critical part", attack: wears(extension(asn1.ObjectIdentifier{1, 2, 3, 4}, true, []byte{1}))},
		{name: "with a part of 100 KiB", attack: wears(extension(asn1.ObjectIdentifier{1, 2, 3, 4}, false, make([]byte, 100<<10)))},
		{name: "with names that are no names", attack: wears(extension(sans, false, []byte{0x30, 3, 0x82, 5, 'a'}))},
		{name: "with an empty list of names", attack: wears(extension(sans, false, []byte{0x30, 0}))},
		{name: "with an address of 3 bytes", attack: wears(extension(sans, false, []byte{0x30, 5, 0x87, 3, 1, 2, 3}))},
		{name: "with a link that is none", attack: wears(extension(sans, false, append([]byte{0x30, 8, 0x86, 6}, "http:["...)))},
		{name: "that signs itself", attack: shows(func(*credentials) (tls.Certificate, error) {
			a, err := issue(nil, nil, nil)
			if err != nil {
				return tls.Certificate{}, err
			}
			return a.shown(), nil
		})},
		{name: "of another authority", short: true, attack: shows(func(*credentials) (tls.Certificate, error) {
			ca, err := issue(nil, nil, signs("another"))
			if err != nil {
				return tls.Certificate{}, err
			}
			a, err := issue(ca, nil, nil)
			if err != nil {
				return tls.Certificate{}, err
			}
			return a.shown(ca.der), nil
		})},
		{name: "the authority's own", attack: shows(func(c *credentials) (tls.Certificate, error) { return c.ca.shown(), nil })},
		{name: "of somebody who may not sign", attack: shows(func(c *credentials) (tls.Certificate, error) {
			a, err := issue(c.server, nil, nil)
			if err != nil {
				return tls.Certificate{}, err
			}
			return a.shown(c.server.der), nil
		})},
		{name: "with a key that is not its own", attack: shows(func(c *credentials) (tls.Certificate, error) {
			key, err := newKey()
			return tls.Certificate{Certificate: [][]byte{c.server.der}, PrivateKey: key}, err
		})},
		{name: "with a damaged signature", attack: shows(func(c *credentials) (tls.Certificate, error) {
			der := append([]byte(nil), c.server.der...)
			der[len(der)-1] ^= 1
			return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: c.server.key}, nil
		})},
		{name: "empty", short: true, attack: raw(is())},
		{name: "of zeros", attack: raw(repeated(1000, 0))},
		{name: "cut off", attack: shows(func(c *credentials) (tls.Certificate, error) {
			return tls.Certificate{Certificate: [][]byte{c.server.der[:len(c.server.der)/2]}, PrivateKey: c.server.key}, nil
		})},
		{name: "an empty sequence", attack: raw(is([]byte{0x30, 0}))},
		{name: "of empty parts", attack: raw(is([]byte{0x30, 6, 0x30, 0, 0x30, 0, 3, 0}))},
		{name: "a length of 4 GiB", attack: raw(is([]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 1}))},
		{name: "nested 100,000 deep", attack: raw(repeated(100_000, 0x30, 0x80))},
		{name: "a chain of 250 KiB of rubbish behind a good one", attack: shows(behind(250, repeated(1000, 0)))},
		{name: "a chain of 1 MiB", short: true, attack: shows(behind(1, repeated(mebi, 0)))},
		{name: "a chain of 10,000 empty ones", attack: shows(behind(10_000, is()))},
		{name: "a chain of 300 authorities of one name", short: true, attack: shows(crowd)},
		{name: "a chain of 60 authorities, each signing the next", attack: shows(ladder)},
		{name: "a key of 1,024 bits", short: true, attack: shows(rsaKey(1024))},
		{name: "a key of 8,192 bits", attack: shows(longKey(8192))},
		{name: "a key of 32,768 bits", attack: shows(longKey(32_768))},
		{name: "a key of Ed25519", attack: shows(func(c *credentials) (tls.Certificate, error) {
			_, key, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				return tls.Certificate{}, err
			}
			a, err := issue(c.ca, key, nil)
			if err != nil {
				return tls.Certificate{}, err
			}
			return a.shown(), nil
		})},
		{name: "a key on a short curve", attack: shows(func(c *credentials) (tls.Certificate, error) {
			key, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
			if err != nil {
				return tls.Certificate{}, err
			}
			a, err := issue(c.ca, key, nil)
			if err != nil {
				return tls.Certificate{}, err
			}
			return a.shown(), nil
		})},
		{name: "an authority that permits 2,000 names to 2,000 names", short: true, attack: shows(permits)},
	}
	for i := range list {
		list[i].name = "certificate: " + list[i].name
	}
	return list
}

// behind is a good certificate with n others behind it.
func behind(n int, der lazy) func(*credentials) (tls.Certificate, error) {
	return func(c *credentials) (tls.Certificate, error) {
		cert := c.server.shown()
		for range n {
			cert.Certificate = append(cert.Certificate, der())
		}
		return cert, nil
	}
}

// crowd is a certificate of one among many authorities of the same name, which all sign
// each other's.
func crowd(*credentials) (tls.Certificate, error) {
	first, err := issue(nil, nil, signs("one name"))
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := issue(first, nil, nil)
	if err != nil {
		return tls.Certificate{}, err
	}
	cert := leaf.shown()
	for range 300 {
		other, err := issue(first, first.key, signs("one name"))
		if err != nil {
			return cert, err
		}
		cert.Certificate = append(cert.Certificate, other.der)
	}
	return cert, nil
}

// ladder is a certificate with a long way to the trusted authority.
func ladder(c *credentials) (tls.Certificate, error) {
	at := c.ca
	var chain [][]byte
	for i := range 60 {
		next, err := issue(at, nil, signs(fmt.Sprintf("step %d", i)))
		if err != nil {
			return tls.Certificate{}, err
		}
		at, chain = next, append([][]byte{next.der}, chain...)
	}
	leaf, err := issue(at, nil, nil)
	if err != nil {
		return tls.Certificate{}, err
	}
	return leaf.shown(chain...), nil
}

// permits is a certificate of an authority that lists the names it may sign, for as many.
func permits(c *credentials) (tls.Certificate, error) {
	ca, err := issue(c.ca, nil, func(t *x509.Certificate) {
		signs("permits much")(t)
		t.PermittedDNSDomainsCritical = true
		for i := range 2000 {
			t.PermittedDNSDomains = append(t.PermittedDNSDomains, fmt.Sprintf("p%d.test", i))
		}
		t.PermittedDNSDomains = append(t.PermittedDNSDomains, "nomad", "localhost")
	})
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := issue(ca, nil, func(t *x509.Certificate) {
		for i := range 2000 {
			t.DNSNames = append(t.DNSNames, fmt.Sprintf("a.p%d.test", i))
		}
	})
	if err != nil {
		return tls.Certificate{}, err
	}
	return leaf.shown(ca.der), nil
}

// rsaKey is a good certificate for a key of so many bits.
func rsaKey(bits int) func(*credentials) (tls.Certificate, error) {
	return func(c *credentials) (tls.Certificate, error) {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return tls.Certificate{}, err
		}
		a, err := issue(c.ca, key, nil)
		if err != nil {
			return tls.Certificate{}, err
		}
		return a.shown(), nil
	}
}

// longKey is a certificate that names a key of so many bits, which nobody has.
func longKey(bits uint) func(*credentials) (tls.Certificate, error) {
	return func(c *credentials) (tls.Certificate, error) {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return tls.Certificate{}, err
		}
		n := new(big.Int).Lsh(big.NewInt(1), bits)
		public := &rsa.PublicKey{N: n.Sub(n, big.NewInt(1)), E: 1<<31 - 1}
		a, err := issue(c.ca, stranger{key, public}, nil)
		if err != nil {
			return tls.Certificate{}, err
		}
		return tls.Certificate{Certificate: [][]byte{a.der}, PrivateKey: key}, nil
	}
}

// stranger is a key that shows another public key.
type stranger struct {
	crypto.Signer
	public crypto.PublicKey
}

func (s stranger) Public() crypto.PublicKey { return s.public }
