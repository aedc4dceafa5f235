package pool

import (
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/credentials"
)

// TLSConfig configures TLS between a Pool and servers: the authority of their certificates,
// the certificate of this side, and the name that a server must have. Servers with TLS
// want a certificate from their clients, too.
//
// Each of CA, Cert and Key is given as a file or as PEM, not as both. A CA is
// needed; Cert and Key go together. The files are read by New, SetTLS and OfferTLS,
// and again and again with Watch: they are regular files of at most 8 MiB, or links to such,
// and 5 s are waited for each. A TLSConfig is copied when it is taken.
//
// PEM is taken as people and tools leave it: any line ends, text around the blocks, blocks
// joined without a line end, certificate and key in one file. What is not plain is refused,
// with the number of the block and of its line, and so is a block that would not be used.
// RSA keys have 2,048 bits at least. A key file that every user of the machine can read,
// and a file that every user can write, is logged as a warning when it comes into force.
//
// A certificate that is not valid at this time is used all the same, since the clock of this
// side may be wrong, as that of a device which has just started: a server that refuses it is
// ErrTLSExpired. It is logged, as is the end of one, from a week before it or a fifth of its
// life on, once a day.
type TLSConfig struct {
	// CAFile or CAPEM holds the certificates of the authorities that are trusted.
	// Those of the system are not. A certificate that is no authority's is trusted as
	// itself; there must be one of an authority, or one that signed itself.
	CAFile string
	CAPEM  []byte

	// CertFile or CertPEM holds the certificate to show and those between it and the
	// authority, in any order: the one to show is the one that the key is for.
	CertFile string
	CertPEM  []byte

	// KeyFile or KeyPEM holds the private key of the certificate, without a
	// passphrase: PKCS#8, PKCS#1 or SEC 1.
	KeyFile string
	KeyPEM  []byte

	// Region makes the name to expect: server.<region>.nomad. Empty means
	// "global".
	Region string

	// ServerName is the name to expect in place of the region's. Mind that the
	// certificates of clients usually hold "localhost" as well as those of
	// servers do. It goes out in the handshake (SNI), as the region's does.
	ServerName string

	// VerifyServerName is whether a server's certificate must hold that name; nil
	// means true. A pointer to false is Nomad's verify_server_hostname = false: the
	// certificate must still be signed by the CA, be valid now and be one for servers,
	// but any holder of one, in any region, can pass for a server of this one. One
	// warning is logged when that comes into force. Then Region means nothing, and
	// ServerName is sent and not compared.
	VerifyServerName *bool

	// MinVersion is the oldest version of TLS to speak, see ParseTLSVersion. Zero
	// means tls.VersionTLS12, and older ones are refused.
	MinVersion uint16

	// CipherSuites are the suites for TLS 1.2, see ParseCipherSuites; Go orders them.
	// Empty means those of package crypto/tls. One that is unknown, or in
	// tls.InsecureCipherSuites, is refused. Suites of TLS 1.3 may be among them, but
	// not alone unless that is MinVersion: they are all on offer anyway.
	CipherSuites []uint16

	// Watch is how often the files are read again. When their contents have changed
	// they are offered as by OfferTLS: another CA is in force at once, another certificate
	// when a server takes it. Zero means never.
	Watch time.Duration
}

// load reads and checks c; nil is plain TCP.
func (c *TLSConfig) load() (*credentials.Credentials, error) {
	return (*credentials.Config)(c).Load()
}

// ParseTLSVersion reads a value for TLSConfig.MinVersion: 1.2 or 1.3, also with TLS
// before it, or as Nomad's tls_min_version has it (tls12). Empty is 0, the default.
// The error is a *TLSConfigError.
func ParseTLSVersion(name string) (uint16, error) { return credentials.ParseVersion(name) }

// ParseCipherSuites reads a value for TLSConfig.CipherSuites: names as IANA, package
// crypto/tls and Nomad's tls_cipher_suites have them, with commas between. Empty is
// nil, the default. The error is a *TLSConfigError that names the suite and those
// that may be given.
func ParseCipherSuites(names string) ([]uint16, error) { return credentials.ParseSuites(names) }
