package pool_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

var versions = []uint16{tls.VersionTLS12, tls.VersionTLS13}

func TestCallsGoOverTLSInBothVersions(t *testing.T) {
	ca := newAuthority(t)
	for _, v := range versions {
		t.Run(tls.VersionName(v), func(t *testing.T) {
			s := ca.serve(ca.issue("server.global.nomad"), v)
			p := newPool(t, pool.Config{TLS: ca.agent()})
			want := strings.Repeat("x", 1<<20)
			if r := receive(t, "a call", call(within(t), p, s.Addr(), "Echo.Echo", want)); r.err != nil || r.reply != want {
				t.Fatalf("%v", r.err)
			}
			if st := p.Stats(); st.Sessions != 1 || st.BytesOut <= 1<<20 || st.BytesIn <= 1<<20 || st.BytesIn > 3<<19 || st.BytesOut > 3<<19 {
				t.Errorf("%+v", st)
			}
		})
	}
}

func TestTheNameOfAServerComesFromTheRegionOrIsGiven(t *testing.T) {
	ca := newAuthority(t)
	s := ca.serve(ca.issue("server.mars.nomad"), tls.VersionTLS13)
	for _, alter := range []func(*pool.TLSConfig){
		func(c *pool.TLSConfig) { c.Region = "mars" },
		func(c *pool.TLSConfig) { c.Region, c.ServerName = "venus", "localhost" },
	} {
		cfg := ca.agent()
		alter(cfg)
		ping(t, newPool(t, pool.Config{TLS: cfg}), s.Addr())
	}
}

// distrusts are the ways in which a client and a server cannot come together.
func distrusts(ca, other authority) []distrust {
	good := ca.issue("server.global.nomad")
	return []distrust{
		{
			name: "wrong CA", shows: other.issue("server.global.nomad"), client: ca.agent(),
			kind: pool.ErrTLSUnknownAuthority, cause: is[x509.UnknownAuthorityError],
		},
		{
			name: "wrong region", shows: ca.issue("server.mars.nomad"), client: ca.agent(),
			kind: pool.ErrTLSWrongName, cause: is[x509.HostnameError],
			offered: []string{"server.mars.nomad", "localhost"}, says: "wanted server.global.nomad, it offers server.mars.nomad, localhost",
		},
		{
			name: "wrong role", shows: ca.issue("client.global.nomad"), client: ca.agent(),
			kind: pool.ErrTLSWrongRole, cause: is[x509.HostnameError],
			offered: []string{"client.global.nomad", "localhost"}, says: "wanted server.global.nomad, it offers client.global.nomad, localhost",
		},
		{
			name: "expired", shows: ca.issue("server.global.nomad", expired), client: ca.agent(),
			kind: pool.ErrTLSExpired, cause: is[x509.CertificateInvalidError], says: "has expired",
		},
		{
			name: "not yet valid", shows: ca.issue("server.global.nomad", notYet), client: ca.agent(),
			kind: pool.ErrTLSExpired, cause: is[x509.CertificateInvalidError], says: "is before",
		},
		{
			name: "no certificate", shows: good, client: ca.client(nil),
			kind: pool.ErrTLSRefused, cause: is[*net.OpError], says: "none is configured: remote error: tls: ",
		},
		{
			name: "another CA's certificate", shows: good, client: ca.client(other.issue("client.global.nomad")),
			kind: pool.ErrTLSRefused, cause: is[*net.OpError], says: "shown a certificate for client.global.nomad, localhost: remote error: tls: unknown certificate authority",
		},
		{
			name: "another region's certificate", shows: good, client: ca.client(ca.issue("client.mars.nomad")),
			kind: pool.ErrTLSRefused, cause: is[*net.OpError], says: "client.mars.nomad, localhost: remote error: tls: bad certificate",
		},
		{
			name: "plain client", shows: good,
			kind: pool.ErrTLSWanted, cause: hungUp, says: "may want TLS",
		},
		{
			name: "plain server", client: ca.agent(),
			kind: pool.ErrTLSNotSpoken, cause: hungUp, says: "may speak plain TCP",
		},
	}
}

type distrust struct {
	name    string
	shows   *testutil.Identity // nil: the server is plain
	client  *pool.TLSConfig    // nil: the client is
	kind    error
	cause   func(error) bool
	offered []string
	says    string
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func TestEachWayNotToTrustHasItsError(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	for _, v := range versions {
		for _, d := range distrusts(ca, other) {
			t.Run(tls.VersionName(v)+"/"+d.name, func(t *testing.T) { d.meet(t, ca, v) })
		}
	}
}

// meet has them try, with a limit that none of them may need.
func (d distrust) meet(t *testing.T, ca authority, v uint16) {
	s := startServer
	if d.shows != nil {
		s = func(testing.TB) *testutil.Server { return ca.serve(d.shows, v) }
	}
	server := s(t)
	p := newPool(t, pool.Config{TLS: d.client, DialTimeout: patience})
	begin := time.Now()
	_, err := p.Ping(within(t), server.Addr())
	if took := time.Since(begin); took > patience/4 {
		t.Errorf("after %v", took)
	}
	failed(t, err, pool.PhaseHandshake, pool.NotSent, d.kind)
	as[*pool.DialError](t, err)
	e := as[*pool.TLSError](t, err)
	if e.Kind != d.kind || e.Addr != server.Addr() || !d.cause(e.Err) || !d.cause(err) {
		t.Errorf("%+v", e)
	}
	if !slices.Equal(e.Offered, d.offered) || !strings.Contains(err.Error(), d.says) {
		t.Errorf("offered %q: %v", e.Offered, err)
	}
	if d.client != nil && e.Wanted != "server.global.nomad" {
		t.Errorf("wanted %q", e.Wanted)
	}
	if n := p.Stats().Sessions; n != 0 {
		t.Errorf("%d sessions", n)
	}
}

func TestAServerThatIsFrozenInTheHandshakeIsLeftInTime(t *testing.T) {
	ca := newAuthority(t)
	s := ca.server()
	s.Freeze()
	p := newPool(t, pool.Config{TLS: ca.agent(), DialTimeout: time.Second})
	over := pool.DialLimit(p)
	c := call(within(t), p, s.Addr(), "Echo.Echo", 1)
	await(t, "the handshake", func() bool { return p.Stats().BytesOut > 0 })
	over()
	e := failed(t, receive(t, "the call", c).err, pool.PhaseHandshake, pool.NotSent, context.DeadlineExceeded)
	if !strings.Contains(e.Error(), "no answer within 1s") {
		t.Errorf("%v", e)
	}
	s.Thaw()
	ping(t, p, s.Addr())
}

func TestAServerThatAnswersTheHandshakeWithNonsenseIsNamed(t *testing.T) {
	ca := newAuthority(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	defer l.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		_, _ = io.Copy(io.Discard, conn)
	}()
	p := newPool(t, pool.Config{TLS: ca.agent()})
	_, err = p.Ping(within(t), l.Addr().String())
	failed(t, err, pool.PhaseHandshake, pool.NotSent, pool.ErrTLSNotSpoken)
	receive(t, "the server's end", done)
}
