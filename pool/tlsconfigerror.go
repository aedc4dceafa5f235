package pool

import "strings"

// TLSConfigError says what is wrong with a TLSConfig, and in which file.
type TLSConfigError struct {
	Field   string // of TLSConfig
	File    string // its path, "PEM" if it was given as such, or empty
	Problem TLSProblem
	Err     error // nil, or more about it
}

func (e *TLSConfigError) Error() string {
	var b strings.Builder
	b.WriteString("pool: TLSConfig." + e.Field)
	if e.File != "" {
		b.WriteString(" " + e.File)
	}
	b.WriteString(" " + string(e.Problem))
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *TLSConfigError) Unwrap() error { return e.Err }

// TLSProblem is what is wrong with a part of a TLSConfig, in words that follow
// its name.
type TLSProblem string

// The problems.
const (
	TLSUnreadable    TLSProblem = "cannot be read"
	TLSGivenTwice    TLSProblem = "is given as a file and as PEM: give one of them"
	TLSNoPEM         TLSProblem = "holds no PEM of the kind expected"
	TLSMalformed     TLSProblem = "cannot be understood"
	TLSNoCA          TLSProblem = "is missing: give the CA that signs the servers' certificates, as CAFile or CAPEM"
	TLSNotCA         TLSProblem = "holds certificates, and none of a CA"
	TLSNoKey         TLSProblem = "is a certificate without its key: give KeyFile or KeyPEM"
	TLSNoCertificate TLSProblem = "is a key without its certificate: give CertFile or CertPEM"
	TLSKeyMismatch   TLSProblem = "is not the key of the certificate"
	TLSExpired       TLSProblem = "has expired"
	TLSNotYetValid   TLSProblem = "is not valid yet"
	TLSBadVersion    TLSProblem = "must be TLS 1.2 or 1.3"
	TLSUnknownSuite  TLSProblem = "holds a cipher suite that is not known"
	TLSInsecureSuite TLSProblem = "holds a cipher suite that is not secure"
	TLSNoSuite       TLSProblem = "holds no cipher suite of TLS 1.2, which MinVersion allows"
	TLSBadWatch      TLSProblem = "must be positive, and there must be files to watch"
)
