package credentials

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/nbconn"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// Conn is a transport behind a TLS handshake. A server reports only after the
// handshake that it refuses this side's certificate (TLS 1.3), so its reads tell
// that apart from other ends.
type Conn struct {
	*tls.Conn
	under *Metered
	creds *Credentials
	addr  string
	known atomic.Bool // the server has answered: it did take us
}

// Metered counts what passes over the transport under TLS.
type Metered struct {
	net.Conn
	in, out *atomic.Uint64
	heard   atomic.Bool // something came in
}

// NewMetered counts the bytes that pass over conn.
func NewMetered(conn net.Conn, in, out *atomic.Uint64) *Metered {
	return &Metered{Conn: conn, in: in, out: out}
}

// Read counts.
func (m *Metered) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	if n > 0 {
		m.in.Add(uint64(n))
		m.heard.Store(true)
	}
	return n, err
}

// Write counts.
func (m *Metered) Write(b []byte) (int, error) {
	n, err := m.Conn.Write(b)
	m.out.Add(uint64(n))
	return n, err
}

// Secure does the handshake on conn, within ctx, and makes sure of the server.
// The error is a *Error, or that of ctx. conn stays the caller's if it fails.
func (c *Credentials) Secure(ctx context.Context, conn *Metered, addr string) (*Conn, error) {
	deadline, _ := ctx.Deadline()
	if err := conn.SetWriteDeadline(deadline); err != nil {
		return nil, err
	}
	if _, err := conn.Write([]byte{wire.ModeTLS}); err != nil {
		return nil, c.tlsError(addr, err, progress{})
	}
	if err := conn.SetWriteDeadline(time.Time{}); err != nil {
		return nil, err
	}
	cfg, asked := c.tls.Clone(), atomic.Bool{} // asked by a server that is trusted: its own certificate comes before
	cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		asked.Store(true)
		return &c.cert, nil
	}
	cfg.ClientSessionCache = c.tickets.of(addr)
	secured := tls.Client(conn, cfg)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, c.tlsError(addr, err, progress{answered: conn.heard.Load(), asked: asked.Load()})
	}
	return &Conn{Conn: secured, under: conn, creds: c, addr: addr}, nil
}

// resumed reports whether the handshake was a short one, in which this side showed no
// certificate.
func resumed(conn net.Conn) bool {
	c, is := conn.(*Conn)
	return is && c.ConnectionState().DidResume
}

// Answered notes that the server has answered inside TLS: it did take us.
func (c *Conn) Answered() { c.known.Store(true) }

// NonBlocking is the connection below, whose Write does not block; nil if it may.
func (c *Conn) NonBlocking() *nbconn.Conn {
	nb, _ := c.under.Conn.(*nbconn.Conn)
	return nb
}

// Read types the refusal that comes in place of the first answer.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil && refusal(err) {
		err = c.creds.tlsError(c.addr, err, progress{answered: true, asked: true})
	}
	return n, err
}

// How long to look for a reason behind a write that failed, and how often: one look
// may be over before it has begun, if nothing is run meanwhile. It is there at once,
// or never.
const (
	lastWordsTime  = 250 * time.Millisecond
	lastWordsLooks = 4
)

// Write looks, when it fails, whether the server has sent the reason: it refuses, and
// hangs up, while this side already writes.
func (c *Conn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err == nil || c.known.Load() || !HungUp(err) {
		return n, err
	}
	var rest [512]byte // of a session that will not be
	for looks := 1; ; looks++ {
		_ = c.SetReadDeadline(time.Now().Add(lastWordsTime)) // a dead socket fails to read
		if _, why := c.Read(rest[:]); why != nil {
			if mux.TimedOut(why) && looks < lastWordsLooks {
				continue
			}
			if _, typed := why.(*Error); typed { //nolint:errorlint // Read gives it bare
				err = why
			}
			return n, err
		}
	}
}

// progress is how far a handshake came.
type progress struct {
	answered bool // the server sent something
	asked    bool // it asked for this side's certificate
}

// tlsError types what a handshake failed with.
func (c *Credentials) tlsError(addr string, err error, at progress) error {
	e := &Error{Addr: addr, Kind: ErrFailed, Wanted: c.wanted, Err: err}
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		e.Kind = c.distrust(bad, e)
		return e
	}
	if _, weak := errors.AsType[*weakKeyError](err); weak {
		e.Kind = ErrWeakKey
		return e
	}
	if _, plain := errors.AsType[tls.RecordHeaderError](err); plain || !at.answered && HungUp(err) {
		e.Kind = ErrNotSpoken
	} else if refusal(err) && (at.asked || alertOf(err) != alertHandshakeFailure) {
		e.Kind, e.Shown, e.judges = ErrRefused, c.shown, at.asked
		e.blame(&c.own, alertOf(err) == alertCertificateExpired)
	}
	return e
}

// HungUpError is the error of a server that hung up before it sent anything in
// yamux, on conn. It judges this side's certificate if that was shown.
func HungUpError(addr string, creds *Credentials, conn net.Conn, err error) error {
	if creds == nil {
		return &Error{Addr: addr, Kind: ErrWanted, Err: err}
	}
	if _, typed := errors.AsType[*Error](err); typed {
		return err
	}
	e := &Error{Addr: addr, Kind: ErrDropped, Wanted: creds.wanted, Shown: creds.shown, Err: err, judges: !resumed(conn)}
	e.blame(&creds.own, false)
	return e
}

// distrust is why the server's certificate was not accepted; it notes the names
// where these are why.
func (c *Credentials) distrust(bad *tls.CertificateVerificationError, e *Error) error {
	leaf := bad.UnverifiedCertificates[0]
	if _, ok := errors.AsType[x509.HostnameError](bad); ok {
		e.Offered = offered(leaf)
		if !slices.ContainsFunc(e.Offered, aServers) && slices.ContainsFunc(e.Offered, anAgents) {
			return ErrWrongRole
		}
		return ErrWrongName
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](bad); ok {
		switch invalid.Reason {
		case x509.Expired:
			return ErrExpired
		case x509.IncompatibleUsage:
			e.Offered = offered(leaf)
			return ErrWrongRole
		}
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](bad); ok {
		return ErrUnknownAuthority
	}
	return ErrFailed
}
