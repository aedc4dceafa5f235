package credentials

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
	"github.com/open-nomad/rpcproxy/internal/safefile"
)

// Why no session over TLS, or over plain TCP, came about. Each is reached with
// errors.Is from the error of a call.
var (
	// ErrUnknownAuthority means that the server's certificate is signed by none
	// of the authorities that are trusted.
	ErrUnknownAuthority = errors.New("the server's certificate comes from an authority that is not trusted (another CA?)")
	// ErrWrongName means that it is for another name, most often that of
	// another region.
	ErrWrongName = errors.New("the server's certificate is for another name (another region?)")
	// ErrWrongRole means that it is a client's, not a server's.
	ErrWrongRole = errors.New("the certificate shown is not that of a server")
	// ErrExpired means that it is not valid any more, or not yet; or that of this side is
	// not, and the server refuses it.
	ErrExpired = errors.New("a certificate is not valid at this time")
	// ErrWeakKey means that it, or one between it and the authority, has a key that is too
	// short.
	ErrWeakKey = errors.New("a certificate of the server has a key that is too short")
	// ErrRefused means that the server does not accept the certificate of this
	// side, or that it wants one and there is none.
	ErrRefused = errors.New("the server refuses this client")
	// ErrWanted means that the server hung up on a client without TLS before
	// it sent anything.
	ErrWanted = errors.New("the server hung up at the first byte: it may want TLS, have reached its limit of connections (rpc_max_conns_per_client, 100 by default), or not be at its RPC port (4647)")
	// ErrNotSpoken means that what answered the handshake was no TLS.
	ErrNotSpoken = errors.New("the server does not answer in TLS: it may speak plain TCP, have reached its limit of connections (rpc_max_conns_per_client, 100 by default), or not be at its RPC port (4647)")
	// ErrDropped means that the server hung up after the handshake, before it
	// answered: so do those that refuse a certificate, when the reason is lost.
	ErrDropped = errors.New("the server hung up when TLS was set up: it may refuse this client's certificate")
	// ErrFailed is any other failure of a handshake.
	ErrFailed = errors.New("TLS could not be set up")
)

// Error reports why this side and the server at Addr do not trust or do not
// understand each other. It is the cause of a *DialError.
type Error struct {
	Addr    string
	Kind    error    // one of the ErrTLS sentinels
	Wanted  string   // the name a server must have; empty without TLS, and where any will do
	Offered []string // the names in the server's certificate, if it is about these
	Shown   string   // what this side showed, if the server refused it
	Ours    string   // why that is not valid at this time, or by the server's clock; empty: it is
	Err     error    // the error of the handshake or the transport

	judges bool // the server is trusted, and does not take this side's certificate
}

func (e *Error) Error() string { return e.Text(plain) }

// plain is the text of an error of a handshake or a transport.
func plain(err error) string {
	if bad, ok := err.(*tls.CertificateVerificationError); ok { //nolint:errorlint // the very next one
		err = bad.Err
	}
	return contain.Text(err)
}

// errNoTLS is about a session without TLS.
var errNoTLS = errors.New("the session is plain TCP")

// Text is kind and cause; of is the text of the cause.
func (e *Error) Text(of func(error) string) string {
	var b strings.Builder
	if e.Kind == ErrExpired { //nolint:errorlint // the very value
		b.WriteString("the server's certificate is not valid at this time")
	} else {
		b.WriteString(contain.Text(e.Kind))
	}
	if e.Offered != nil && e.Wanted != "" {
		fmt.Fprintf(&b, ": wanted %s, it offers %s", printable.Name(e.Wanted), listed(e.Offered))
	}
	if e.Kind == ErrRefused { //nolint:errorlint // the very value
		if e.Shown == "" {
			b.WriteString(": it wants a certificate and none is configured")
		} else {
			b.WriteString(": it was shown a certificate for " + printable.Text(e.Shown))
		}
	}
	if e.Ours != "" {
		b.WriteString(": " + printable.Text(e.Ours))
	}
	b.WriteString(e.detail(of))
	return b.String()
}

// detail is the text of Err beyond the kind.
func (e *Error) detail(of func(error) string) string {
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
		if e.Kind == ErrFailed { //nolint:errorlint // the very value
			return ": remote error: tls: alert 40, as for no cipher suite in common"
		}
		return ": remote error: tls: alert 40"
	}
	return ": " + of(e.Err)
}

// Unwrap gives the kind, also ErrExpired where it is this side's certificate that is not
// valid, and the cause.
func (e *Error) Unwrap() []error {
	if e.Ours != "" {
		return []error{e.Kind, ErrExpired, e.Err}
	}
	return []error{e.Kind, e.Err}
}

// blame notes whether our certificate is not valid now, or not by the server's clock.
func (e *Error) blame(o *own, byServer bool) {
	now := time.Now()
	for _, c := range o.chain {
		if p := problem(c, now); p == Expired || p == NotYetValid {
			e.Ours = "it " + string(p) + ", " + when(c, p, now)
			return
		}
	}
	if byServer && len(o.chain) > 0 {
		e.Ours = "it is valid by the clock of this side, " + when(o.chain[0], "", now)
	}
}

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

// maxNames bounds the names of a certificate in an error's text, in bytes.
const maxNames = 300

func listed(names []string) string {
	if len(names) == 0 {
		return "no name"
	}
	return printable.Line(strings.Join(names, ", "), maxNames)
}

// HungUp reports whether err is that of a peer that closed the connection, in
// either way.
func HungUp(err error) bool {
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
	alertCertificateExpired  = 45
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

// RefusesOurs reports whether a dial failed because a server does not take the certificate of
// this side, which it has a say in only if it is trusted itself; or, without TLS, because it
// may want that. A server that is silent, or hangs up, has said nothing.
func RefusesOurs(err error) bool {
	e, is := errors.AsType[*Error](err)
	return is && (e.judges || e.Kind == ErrWanted) //nolint:errorlint // the very value
}

// Refuses reports whether a dial failed because of the credentials, or may have.
func Refuses(err error) bool {
	_, is := errors.AsType[*Error](err)
	return is
}

// ConfigError reports what is wrong with a Config, and in which file.
type ConfigError struct {
	Field   string // of Config
	File    string // its path, "PEM" if it was given as such, or empty
	Problem Problem
	Err     error // nil, or more about it
}

func (e *ConfigError) Error() string {
	var b strings.Builder
	b.WriteString("pool: TLSConfig." + printable.Name(e.Field))
	if e.File != "" {
		b.WriteString(" " + printable.Line(e.File, maxPath))
	}
	b.WriteString(" " + printable.Text(string(e.Problem)))
	if file, is := errors.AsType[*safefile.Error](e.Err); is {
		b.WriteString(": " + file.Why()) // without the path once more
	} else if e.Err != nil {
		b.WriteString(": " + contain.Text(e.Err))
	}
	return b.String()
}

// maxPath bounds what is shown of a file's path, in bytes.
const maxPath = 512

func (e *ConfigError) Unwrap() error { return e.Err }

// Problem is the fault of a part of a Config, in words that follow
// its name.
type Problem string

// The problems.
const (
	Unreadable    Problem = "cannot be read"
	GivenTwice    Problem = "is given as a file and as PEM: give one of them"
	NoPEM         Problem = "holds no PEM of the kind expected"
	Malformed     Problem = "cannot be understood"
	NoCA          Problem = "is missing: give the CA that signs the servers' certificates, as CAFile or CAPEM"
	NotCA         Problem = "holds certificates, and none of a CA"
	NoKey         Problem = "is a certificate without its key: give KeyFile or KeyPEM"
	NoCertificate Problem = "is a key without its certificate: give CertFile or CertPEM"
	KeyMismatch   Problem = "is not the key of the certificate"
	WeakKey       Problem = "holds a key that is too short"
	Expired       Problem = "has expired"
	NotYetValid   Problem = "is not valid yet"
	ExpiresSoon   Problem = "expires soon"
	BadVersion    Problem = "must be TLS 1.2 or 1.3"
	UnknownSuite  Problem = "holds a cipher suite that is not known"
	InsecureSuite Problem = "holds a cipher suite that is not secure"
	NoSuite       Problem = "holds no cipher suite of TLS 1.2, which MinVersion allows"
	BadWatch      Problem = "must be positive, and there must be files to watch"
)
