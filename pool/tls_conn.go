package pool

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

// tlsConn is a transport behind a TLS handshake. A server reports only after the
// handshake that it refuses this side's certificate (TLS 1.3), so its reads tell
// that apart from other ends.
type tlsConn struct {
	*tls.Conn
	under *metered
	creds *credentials
	addr  string
	known atomic.Bool // the server has answered: it did take us
}

// metered counts what passes over the transport under TLS.
type metered struct {
	net.Conn
	in, out *atomic.Uint64
	heard   atomic.Bool // something came in
}

// Read counts.
func (m *metered) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	if n > 0 {
		m.in.Add(uint64(n))
		m.heard.Store(true)
	}
	return n, err
}

// Write counts.
func (m *metered) Write(b []byte) (int, error) {
	n, err := m.Conn.Write(b)
	m.out.Add(uint64(n))
	return n, err
}

// secure does the handshake on conn, within ctx, and makes sure of the server.
// The error is a *TLSError, or that of ctx. conn stays the caller's if it fails.
func (c *credentials) secure(ctx context.Context, conn *metered, addr string) (*tlsConn, error) {
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
	cfg, asked := c.tls.Clone(), atomic.Bool{}
	cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		asked.Store(true)
		return &c.own, nil
	}
	secured := tls.Client(conn, cfg)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, c.tlsError(addr, err, progress{answered: conn.heard.Load(), asked: asked.Load()})
	}
	return &tlsConn{Conn: secured, under: conn, creds: c, addr: addr}, nil
}

// NonBlocking is the connection below, whose Write does not block; nil if it may.
func (c *tlsConn) NonBlocking() *nbconn.Conn {
	nb, _ := c.under.Conn.(*nbconn.Conn)
	return nb
}

// Read types the refusal that comes in place of the first answer.
func (c *tlsConn) Read(b []byte) (int, error) {
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
func (c *tlsConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	if err == nil || c.known.Load() || !hungUp(err) {
		return n, err
	}
	var rest [512]byte // of a session that will not be
	for looks := 1; ; looks++ {
		_ = c.SetReadDeadline(time.Now().Add(lastWordsTime)) // a dead socket fails to read
		if _, why := c.Read(rest[:]); why != nil {
			if mux.TimedOut(why) && looks < lastWordsLooks {
				continue
			}
			if _, typed := why.(*TLSError); typed { //nolint:errorlint // Read gives it bare
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
func (c *credentials) tlsError(addr string, err error, at progress) error {
	e := &TLSError{Addr: addr, Kind: ErrTLSFailed, Wanted: c.wanted, Err: err}
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		e.Kind = c.distrust(bad, e)
		return e
	}
	if _, plain := errors.AsType[tls.RecordHeaderError](err); plain || !at.answered && hungUp(err) {
		e.Kind = ErrTLSNotSpoken
	} else if refusal(err) && (at.asked || alertOf(err) != alertHandshakeFailure) {
		e.Kind, e.Shown = ErrTLSRefused, c.shown
	}
	return e
}

// hungUpError is the error of a server that hung up before it sent anything in
// yamux.
func hungUpError(addr string, creds *credentials, err error) error {
	if creds == nil {
		return &TLSError{Addr: addr, Kind: ErrTLSWanted, Err: err}
	}
	if _, typed := errors.AsType[*TLSError](err); typed {
		return err
	}
	return &TLSError{Addr: addr, Kind: ErrTLSDropped, Wanted: creds.wanted, Shown: creds.shown, Err: err}
}

// distrust is why the server's certificate was not accepted; it notes the names
// where these are why.
func (c *credentials) distrust(bad *tls.CertificateVerificationError, e *TLSError) error {
	leaf := bad.UnverifiedCertificates[0]
	if _, ok := errors.AsType[x509.HostnameError](bad); ok {
		e.Offered = offered(leaf)
		if !slices.ContainsFunc(e.Offered, aServers) && slices.ContainsFunc(e.Offered, anAgents) {
			return ErrTLSWrongRole
		}
		return ErrTLSWrongName
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](bad); ok {
		switch invalid.Reason {
		case x509.Expired:
			return ErrTLSExpired
		case x509.IncompatibleUsage:
			e.Offered = offered(leaf)
			return ErrTLSWrongRole
		}
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](bad); ok {
		return ErrTLSUnknownAuthority
	}
	return ErrTLSFailed
}
