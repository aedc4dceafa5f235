package credentials

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/nbconn"
	"github.com/open-nomad/rpcproxy/testutil"
)

// refusing accepts one connection, refuses its client for want of a certificate,
// and closes gone when it has hung up.
func refusing(t *testing.T, ca *testutil.CA) (addr string, gone <-chan struct{}) {
	t.Helper()
	id, err := ca.Server("global")
	noError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Read(make([]byte, 1))
		_ = tls.Server(conn, ca.ServerTLS(id, "global")).Handshake() // fails
	}()
	return l.Addr().String(), done
}

// sleepy is a connection on which the deadline of one read is over before it begins.
type sleepy struct {
	net.Conn
	asleep atomic.Bool
}

func (s *sleepy) Read(b []byte) (int, error) {
	if s.asleep.CompareAndSwap(true, false) {
		return 0, os.ErrDeadlineExceeded
	}
	return s.Conn.Read(b)
}

// A server that refuses has hung up before this side wrote: the write tells why,
// although there is no reader.
func TestAWriteToAServerThatRefusedHasTheReason(t *testing.T) {
	ca, err := testutil.NewCA()
	noError(t, err)
	creds, err := (&Config{CAPEM: ca.PEM()}).Load(time.Now())
	noError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	addr, gone := refusing(t, ca)
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	noError(t, err)
	defer raw.Close()
	under := &sleepy{Conn: raw}
	conn, err := creds.Secure(ctx, NewMetered(under, new(atomic.Uint64), new(atomic.Uint64)), addr)
	noError(t, err)
	<-gone
	under.asleep.Store(true)
	for err == nil && ctx.Err() == nil {
		_, err = conn.Write([]byte{6})
	}
	if e, ok := errors.AsType[*Error](err); !ok || e.Kind != ErrRefused || e.Shown != "" {
		t.Errorf("%v", err)
	}
}

func TestWritingDoesNotBlockOverTLSIfItDoesNotBelow(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	defer ln.Close()
	tcp, err := net.Dial("tcp", ln.Addr().String())
	noError(t, err)
	defer tcp.Close()
	nb := nbconn.Wrap(tcp, func(int) error { return io.ErrShortWrite })
	_, can := nb.(*nbconn.Conn)
	for _, c := range []struct {
		conn net.Conn
		want bool
	}{{nb, can}, {&Conn{under: &Metered{Conn: nb}}, can}, {&Conn{under: &Metered{Conn: tcp}}, false}, {tcp, false}} {
		w := mux.New(c.conn, mux.Config{Violation: func(_ string, err error) error { return err }})
		if w.NonBlocking() != c.want {
			t.Errorf("%T: without blocking: %v", c.conn, !c.want)
		}
	}
}
