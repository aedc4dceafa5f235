package pool

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/pool/internal/core"
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
	creds, err := (&TLSConfig{CAPEM: ca.PEM()}).load(time.Now())
	noError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	addr, gone := refusing(t, ca)
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	noError(t, err)
	defer raw.Close()
	under := &sleepy{Conn: raw}
	conn, err := creds.secure(ctx, &metered{Conn: under, in: new(atomic.Uint64), out: new(atomic.Uint64)}, addr)
	noError(t, err)
	<-gone
	under.asleep.Store(true)
	for err == nil && ctx.Err() == nil {
		_, err = conn.Write([]byte{6})
	}
	if e, ok := errors.AsType[*TLSError](err); !ok || e.Kind != ErrTLSRefused || e.Shown != "" {
		t.Errorf("%v", err)
	}
}

func TestAConnectionWithCredentialsNoLongerOnOfferIsDropped(t *testing.T) {
	p := &Pool{}
	o, now := &owner{pool: p}, &credentials{}
	p.creds.Store(now)
	late := p.newOffering(nil)
	late.end()
	if o.enforce(core.Secured{}, &offer{next: &credentials{}, by: late}) || p.creds.Load() != now {
		t.Error("it replaced what came into force meanwhile")
	}
	next, on := &credentials{}, p.newOffering(nil)
	if !o.enforce(core.Secured{}, &offer{next: next, by: on}) || p.creds.Load() != next {
		t.Error("what is on offer was not taken either")
	}
}

func TestOfTwoCredentialsThoseAskedForLaterAreInForce(t *testing.T) {
	p := &Pool{}
	o, first, second := &owner{pool: p}, &credentials{}, &credentials{}
	reply := actor.NewReply[error]()
	if !o.enforce(core.Secured{}, &offer{next: second, serial: 2}) || o.enforce(core.Secured{Reply: reply}, &offer{next: first, serial: 1}) {
		t.Error("what was slow was put into force")
	}
	select {
	case err := <-reply.Chan():
		if err != nil {
			t.Error(err)
		}
	default:
		t.Error("its caller waits for ever")
	}
	if p.creds.Load() != second {
		t.Error("what was asked for first is in force")
	}
	renewed := p.newOffering(nil)
	renewed.inForce = second
	if !o.enforce(core.Secured{}, &offer{next: first, by: renewed}) || p.creds.Load() != first {
		t.Error("changed files were not")
	}
}

func TestWritingDoesNotBlockOverTLSIfItDoesNotBelow(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	defer ln.Close()
	tcp, err := net.Dial("tcp", ln.Addr().String())
	noError(t, err)
	defer tcp.Close()
	nb := nbconn.Wrap(tcp, newBacklogError)
	_, can := nb.(*nbconn.Conn)
	for _, c := range []struct {
		conn net.Conn
		want bool
	}{{nb, can}, {&tlsConn{under: &metered{Conn: nb}}, can}, {&tlsConn{under: &metered{Conn: tcp}}, false}, {tcp, false}} {
		w := mux.New(c.conn, mux.Config{Violation: newViolation})
		if w.NonBlocking() != c.want {
			t.Errorf("%T: without blocking: %v", c.conn, !c.want)
		}
	}
}
