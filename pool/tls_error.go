package pool

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"strings"
	"syscall"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Why no session over TLS, or over plain TCP, came about. Each is reached with
// errors.Is from the error of a call.
var (
	// ErrTLSUnknownAuthority means that the server's certificate is signed by none
	// of the authorities that are trusted.
	ErrTLSUnknownAuthority = errors.New("the server's certificate comes from an authority that is not trusted (another CA?)")
	// ErrTLSWrongName means that it is for another name, most often that of
	// another region.
	ErrTLSWrongName = errors.New("the server's certificate is for another name (another region?)")
	// ErrTLSWrongRole means that it is a client's, not a server's.
	ErrTLSWrongRole = errors.New("the certificate shown is not that of a server")
	// ErrTLSExpired means that it is not valid any more, or not yet.
	ErrTLSExpired = errors.New("the server's certificate is not valid at this time")
	// ErrTLSRefused means that the server does not accept the certificate of this
	// side, or that it wants one and there is none.
	ErrTLSRefused = errors.New("the server refuses this client")
	// ErrTLSWanted means that the server hung up on a client without TLS before
	// it sent anything.
	ErrTLSWanted = errors.New("the server hung up at the first byte: it may want TLS")
	// ErrTLSNotSpoken means that what answered the handshake was no TLS.
	ErrTLSNotSpoken = errors.New("the server does not answer in TLS: it may speak plain TCP")
	// ErrTLSDropped means that the server hung up after the handshake, before it
	// answered: so do those that refuse a certificate, when the reason is lost.
	ErrTLSDropped = errors.New("the server hung up when TLS was set up: it may refuse this client's certificate")
	// ErrTLSFailed is any other failure of a handshake.
	ErrTLSFailed = errors.New("TLS could not be set up")
)

// TLSError reports why this side and the server at Addr do not trust or do not
// understand each other. It is the cause of a *DialError.
type TLSError struct {
	Addr    string
	Kind    error    // one of the ErrTLS sentinels
	Wanted  string   // the name a server must have; empty without TLS, and where any will do
	Offered []string // the names in the server's certificate, if it is about these
	Shown   string   // what this side showed, if the server refused it
	Err     error    // the error of the handshake or the transport
}

func (e *TLSError) Error() string { return e.text(stated{}) }

// text is kind and cause, without what s states.
func (e *TLSError) text(s stated) string {
	var b strings.Builder
	b.WriteString(contain.Text(e.Kind))
	if e.Offered != nil && e.Wanted != "" {
		fmt.Fprintf(&b, ": wanted %s, it offers %s", printable.Name(e.Wanted), listed(e.Offered))
	}
	if e.Kind == ErrTLSRefused { //nolint:errorlint // the very value
		if e.Shown == "" {
			b.WriteString(": it wants a certificate and none is configured")
		} else {
			b.WriteString(": it was shown a certificate for " + printable.Text(e.Shown))
		}
	}
	b.WriteString(e.detail(s))
	return b.String()
}

// detail is the text of Err beyond the kind.
func (e *TLSError) detail(s stated) string {
	if bad, ok := errors.AsType[x509.HostnameError](e.Err); ok && bad.Certificate != nil && len(offered(bad.Certificate)) > 0 {
		return "" // the names are what it is about
	}
	if bad, ok := errors.AsType[x509.CertificateInvalidError](e.Err); ok && bad.Reason == x509.Expired {
		what := "has expired"
		if bad.Cert != nil && time.Now().Before(bad.Cert.NotBefore) {
			what = "is not valid yet"
		}
		return ": it " + what + ": " + printable.Text(bad.Detail)
	}
	if bad, ok := errors.AsType[x509.UnknownAuthorityError](e.Err); ok {
		// Its hint, if it has one.
		return printable.Text(strings.TrimPrefix(bad.Error(), x509.UnknownAuthorityError{}.Error()))
	}
	if bad, ok := errors.AsType[tls.RecordHeaderError](e.Err); ok {
		return fmt.Sprintf(": it sent %q", bad.RecordHeader)
	}
	if alertOf(e.Err) == alertHandshakeFailure {
		if e.Kind == ErrTLSFailed { //nolint:errorlint // the very value
			return ": remote error: tls: alert 40, as for no cipher suite in common"
		}
		return ": remote error: tls: alert 40"
	}
	return ": " + s.text(e.Err)
}

// Unwrap gives the kind and the cause.
func (e *TLSError) Unwrap() []error { return []error{e.Kind, e.Err} }

// aServers and anAgents tell names of roles apart: server.global.nomad,
// client.global.nomad, cli.global.nomad.
func aServers(name string) bool { return strings.HasPrefix(name, "server.") }

func anAgents(name string) bool { return strings.HasSuffix(name, ".nomad") && !aServers(name) }

// offered are the names in a certificate, never nil.
func offered(cert *x509.Certificate) []string {
	all := append([]string{}, cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		all = append(all, ip.String())
	}
	return all
}

func listed(names []string) string {
	if len(names) == 0 {
		return "no name"
	}
	return printable.Text(strings.Join(names, ", "))
}

// hungUp reports whether err is that of a peer that closed the connection, in
// either way.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// The alerts with which a server refuses a client's certificate, or the lack of
// one: https://www.rfc-editor.org/rfc/rfc8446#section-6.2. The first is what TLS
// 1.2 has for the lack; it stands for other things there, too, such as no cipher suite
// in common, and comes then before the server has asked for a certificate.
const (
	alertHandshakeFailure    = 40
	alertBadCertificate      = 42
	alertCertificateUnknown  = 46
	alertUnknownCA           = 48
	alertAccessDenied        = 49
	alertCertificateRequired = 116
	remoteAlert              = "remote error" // net.OpError.Op of an alert that came in
	tlsPackage               = "crypto/tls"
)

// refusal reports whether err is such an alert.
func refusal(err error) bool {
	switch a := alertOf(err); a {
	case alertHandshakeFailure, alertUnknownCA, alertAccessDenied, alertCertificateRequired:
		return true
	default:
		return a >= alertBadCertificate && a <= alertCertificateUnknown
	}
}

// alertOf is the number of the alert that came in; 0 if err is something else.
// Its type is exported for QUIC only, so it is recognised by where it is from.
func alertOf(err error) uint64 {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != remoteAlert || op.Err == nil {
		return 0
	}
	v := reflect.ValueOf(op.Err)
	if v.Kind() != reflect.Uint8 || v.Type().PkgPath() != tlsPackage {
		return 0
	}
	return v.Uint()
}

// refuses reports whether a dial failed because of the credentials.
func refuses(err error) bool {
	_, is := errors.AsType[*TLSError](err)
	return is
}

// TLSConfigError reports what is wrong with a TLSConfig, and in which file.
type TLSConfigError struct {
	Field   string // of TLSConfig
	File    string // its path, "PEM" if it was given as such, or empty
	Problem TLSProblem
	Err     error // nil, or more about it
}

func (e *TLSConfigError) Error() string {
	var b strings.Builder
	b.WriteString("pool: TLSConfig." + printable.Name(e.Field))
	if e.File != "" {
		b.WriteString(" " + printable.Text(e.File))
	}
	b.WriteString(" " + printable.Text(string(e.Problem)))
	if e.Err != nil {
		b.WriteString(": " + contain.Text(e.Err))
	}
	return b.String()
}

func (e *TLSConfigError) Unwrap() error { return e.Err }

// TLSProblem is the fault of a part of a TLSConfig, in words that follow
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
