package accept

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/internal/nbconn"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// Kind is what a connection carries.
type Kind byte

// The kinds, which are the leading bytes.
const (
	Calls     = Kind(wire.ModeRPC)         // calls, one after the other
	Streaming = Kind(wire.ModeStreaming)   // one streaming call
	Multiplex = Kind(wire.ModeMultiplexV2) // a session with streams of both sides
)

// UnknownByteError means that a connection begins with a byte that is none of the protocol's.
type UnknownByteError struct{ Byte byte }

func (e *UnknownByteError) Error() string {
	return fmt.Sprintf("connection begins with the byte 0x%02x, which means nothing here: an agent's RPC begins with 0x01, 0x04, 0x05 or 0x06", e.Byte)
}

// ErrNoTLS means that an agent asks for TLS, and there is no certificate to show.
var ErrNoTLS = errors.New("agent asks for TLS, and there is no certificate to show: give one, or turn TLS off in the agent")

// Greeted is a connection whose leading bytes were read.
type Greeted struct {
	Kind Kind
	conn net.Conn // below a session; TLS, or an nbconn where it is Multiplex
}

// Greet reads the leading bytes of conn, and makes the TLS handshake that they ask for. It
// blocks for Config.HandshakeTimeout at most. After an error conn is closed, and until the
// connection is served the caller may close it.
func (a *Acceptor) Greet(ctx context.Context, conn net.Conn) (*Greeted, error) {
	ctx, stop := context.WithTimeout(ctx, a.cfg.HandshakeTimeout)
	defer stop()
	until, _ := ctx.Deadline()
	unwatch := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) //nolint:forbidigo // it is over
	defer unwatch()
	_ = conn.SetDeadline(until) // fails where reading does
	g, err := a.greet(ctx, conn)
	if err == nil && !unwatch() {
		err = context.Cause(ctx)
	}
	if err == nil {
		err = conn.SetDeadline(time.Time{})
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return g, nil
}

func (a *Acceptor) greet(ctx context.Context, conn net.Conn) (*Greeted, error) {
	first, err := leading(conn)
	if err != nil {
		return nil, err
	}
	if first == wire.ModeTLS {
		if a.cfg.TLS == nil {
			return nil, ErrNoTLS
		}
		under := nbconn.Wrap(conn, newBacklogError)
		inside := tls.Server(under, a.cfg.TLS)
		if err := inside.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		if first, err = leading(inside); err != nil {
			return nil, err
		}
		if first == wire.ModeTLS {
			return nil, &UnknownByteError{first}
		}
		conn = secured{inside, under}
		if Kind(first) != Multiplex { // its writes are to block
			conn = inside
		}
	}
	switch kind := Kind(first); kind {
	case Multiplex:
		return &Greeted{kind, nbconn.Wrap(conn, newBacklogError)}, nil
	case Calls, Streaming:
		return &Greeted{kind, conn}, nil
	}
	return nil, &UnknownByteError{first}
}

// leading reads one byte.
func leading(conn net.Conn) (byte, error) {
	var b [1]byte
	_, err := io.ReadFull(conn, b[:])
	return b[0], err
}

// secured is TLS over a connection whose Write may not block.
type secured struct {
	*tls.Conn
	under net.Conn
}

// NonBlocking is the connection below; nil if its Write may block.
func (s secured) NonBlocking() *nbconn.Conn {
	nb, _ := s.under.(*nbconn.Conn)
	return nb
}

func newBacklogError(limit int) error { return &pool.BacklogError{Limit: limit} }
