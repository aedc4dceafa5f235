package pool

import "github.com/open-nomad/rpcproxy/pool/internal/credentials"

// Why no session over TLS, or over plain TCP, came about. Each is reached with
// errors.Is from the error of a call.
var (
	// ErrTLSUnknownAuthority means that the server's certificate is signed by none
	// of the authorities that are trusted.
	ErrTLSUnknownAuthority = credentials.ErrUnknownAuthority
	// ErrTLSWrongName means that it is for another name, most often that of
	// another region.
	ErrTLSWrongName = credentials.ErrWrongName
	// ErrTLSWrongRole means that it is a client's, not a server's.
	ErrTLSWrongRole = credentials.ErrWrongRole
	// ErrTLSExpired means that it is not valid any more, or not yet.
	ErrTLSExpired = credentials.ErrExpired
	// ErrTLSRefused means that the server does not accept the certificate of this
	// side, or that it wants one and there is none.
	ErrTLSRefused = credentials.ErrRefused
	// ErrTLSWanted means that the server hung up on a client without TLS before
	// it sent anything.
	ErrTLSWanted = credentials.ErrWanted
	// ErrTLSNotSpoken means that what answered the handshake was no TLS.
	ErrTLSNotSpoken = credentials.ErrNotSpoken
	// ErrTLSDropped means that the server hung up after the handshake, before it
	// answered: so do those that refuse a certificate, when the reason is lost.
	ErrTLSDropped = credentials.ErrDropped
	// ErrTLSFailed is any other failure of a handshake.
	ErrTLSFailed = credentials.ErrFailed
)

// TLSError reports why this side and the server at Addr do not trust or do not
// understand each other. It is the cause of a *DialError.
//
//	type TLSError struct {
//		Addr    string
//		Kind    error    // one of the ErrTLS sentinels
//		Wanted  string   // the name a server must have; empty without TLS, and where any will do
//		Offered []string // the names in the server's certificate, if it is about these
//		Shown   string   // what this side showed, if the server refused it
//		Err     error    // the error of the handshake or the transport
//	}
type TLSError = credentials.Error

// TLSConfigError reports what is wrong with a TLSConfig, and in which file.
//
//	type TLSConfigError struct {
//		Field   string // of TLSConfig
//		File    string // its path, "PEM" if it was given as such, or empty
//		Problem TLSProblem
//		Err     error // nil, or more about it
//	}
type TLSConfigError = credentials.ConfigError

// TLSProblem is the fault of a part of a TLSConfig, in words that follow
// its name.
type TLSProblem = credentials.Problem

// The problems.
const (
	TLSUnreadable    = credentials.Unreadable    // cannot be read
	TLSGivenTwice    = credentials.GivenTwice    // is given as a file and as PEM
	TLSNoPEM         = credentials.NoPEM         // holds no PEM of the kind expected
	TLSMalformed     = credentials.Malformed     // cannot be understood
	TLSNoCA          = credentials.NoCA          // no CA is given
	TLSNotCA         = credentials.NotCA         // holds certificates, and none of a CA
	TLSNoKey         = credentials.NoKey         // a certificate without its key
	TLSNoCertificate = credentials.NoCertificate // a key without its certificate
	TLSKeyMismatch   = credentials.KeyMismatch   // is not the key of the certificate
	TLSWeakKey       = credentials.WeakKey       // an RSA key of less than 2,048 bits
	TLSExpired       = credentials.Expired       // has expired
	TLSNotYetValid   = credentials.NotYetValid   // is not valid yet
	TLSBadVersion    = credentials.BadVersion    // neither TLS 1.2 nor 1.3
	TLSUnknownSuite  = credentials.UnknownSuite  // a cipher suite that is not known
	TLSInsecureSuite = credentials.InsecureSuite // a cipher suite that is not secure
	TLSNoSuite       = credentials.NoSuite       // no cipher suite of TLS 1.2, which MinVersion allows
	TLSBadWatch      = credentials.BadWatch      // not positive, or there are no files to watch
)
