package credentials

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// far is as long as a test may wait.
const far = time.Minute

// meeting is a server that knows agents by their certificates.
type meeting struct {
	testing.TB
	*testutil.CA
	config atomic.Pointer[tls.Config]
	ln     net.Listener
	shorts atomic.Int64
}

func newMeeting(t *testing.T, v uint16) *meeting {
	t.Helper()
	ca, err := testutil.NewCA()
	noError(t, err)
	m := &meeting{TB: t, CA: ca}
	m.start(v)
	m.ln, err = net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := m.ln.Accept()
			if err != nil {
				return
			}
			m.serve(conn)
		}
	}()
	t.Cleanup(func() { m.ln.Close(); <-ended })
	return m
}

// start has the server make what a new one has: a certificate, and keys for tickets.
func (m *meeting) start(v uint16) {
	m.Helper()
	id, err := m.Server("global")
	noError(m, err)
	cfg := m.ServerTLS(id, "global")
	cfg.MinVersion, cfg.MaxVersion = v, v
	m.config.Store(cfg)
}

// serve sends a byte behind the handshake, and with it what makes the next one short.
func (m *meeting) serve(conn net.Conn) {
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		return
	}
	secured := tls.Server(conn, m.config.Load())
	if secured.Handshake() != nil {
		return
	}
	if secured.ConnectionState().DidResume {
		m.shorts.Add(1)
	}
	_, _ = secured.Write([]byte{1})
	_, _ = conn.Read(make([]byte, 1)) // until the agent has gone
}

// agent is the credentials of one that trusts roots.
func (m *meeting) agent(roots []byte) *Credentials {
	m.Helper()
	id, err := m.Client("global")
	noError(m, err)
	creds, err := (&Config{CAPEM: roots, CertPEM: id.CertPEM, KeyPEM: id.KeyPEM}).Load()
	noError(m, err)
	return creds
}

// dial reports whether the handshake was a short one.
func (m *meeting) dial(creds *Credentials, addr string) (short bool, err error) {
	m.Helper()
	ctx, stop := context.WithTimeout(context.Background(), far)
	defer stop()
	raw, err := net.Dial("tcp", m.ln.Addr().String())
	noError(m, err)
	defer raw.Close()
	conn, err := creds.Secure(ctx, NewMetered(raw, new(atomic.Uint64), new(atomic.Uint64)), addr)
	if err != nil {
		return false, err
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		return false, err
	}
	if len(conn.Peer().certs) == 0 {
		m.Error("the server of a resumed session has shown nothing, and cannot be verified again")
	}
	return conn.ConnectionState().DidResume, nil
}

// want fails the test unless the handshake with a server at addr is a short one, or a full one.
func (m *meeting) want(creds *Credentials, addr string, short bool, when string) {
	m.Helper()
	if was, err := m.dial(creds, addr); err != nil || was != short {
		m.Errorf("%s: a short handshake: %v, want %v; %v", when, was, short, err)
	}
}

func TestAHandshakeIsShortWhereTheSameCredentialsHaveMetTheSameServer(t *testing.T) {
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(v), func(t *testing.T) {
			m := newMeeting(t, v)
			creds := m.agent(m.PEM())
			m.want(creds, "a", false, "at first")
			m.want(creds, "a", true, "again")
			m.want(creds, "b", false, "at another address")
			other := m.agent(m.PEM())
			m.want(other, "a", false, "with another certificate")
			m.want(creds.With(other), "b", false, "with credentials that were put together")
			m.want(other, "a", true, "with the other one again")

			// The server has other keys for tickets, as after its start.
			m.start(v)
			m.want(other, "a", false, "at a server that does not know the ticket")

			// What was verified before is verified again.
			stranger, err := testutil.NewCA()
			noError(t, err)
			m.want(other, "a", true, "again")
			wrong := m.agent(stranger.PEM())
			wrong.tickets = other.tickets
			if short, err := m.dial(wrong, "a"); err == nil || short {
				t.Errorf("a short handshake: %v, %v, though the authority is not trusted", short, err)
			}
			m.want(other, "a", false, "behind a handshake that failed with a ticket")
		})
	}
}

// Package tls looks at the authorities itself in a resumed handshake; this does not rely on it.
func TestAResumedSessionIsVerifiedByWhatIsInForce(t *testing.T) {
	ca, err := testutil.NewCA()
	noError(t, err)
	id, err := ca.Server("global")
	noError(t, err)
	mars, err := ca.Server("mars")
	noError(t, err)
	stranger, err := testutil.NewCA()
	noError(t, err)
	for _, c := range []struct {
		name  string
		roots []byte
		shown *testutil.Identity
		good  bool
	}{
		{"as before", ca.PEM(), id, true},
		{"another authority", stranger.PEM(), id, false},
		{"another name", ca.PEM(), mars, false},
	} {
		creds, err := (&Config{CAPEM: c.roots}).Load()
		noError(t, err)
		state := tls.ConnectionState{DidResume: true, PeerCertificates: []*x509.Certificate{c.shown.Certificate.Leaf}}
		if err := creds.tls.VerifyConnection(state); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestTicketsAreBoundedAndUsedOnce(t *testing.T) {
	var all tickets
	const last = 10*mostTickets - 1
	for i := range last + 1 {
		kept := all.of(fmt.Sprint(i))
		if n := len(*all.by.Load()); n != min(i+1, mostTickets) || all.of(fmt.Sprint(i)) != kept {
			t.Fatalf("server %d: %d tickets", i, n)
		}
	}
	one := all.of(fmt.Sprint(last))
	one.Put("", new(tls.ClientSessionState))
	if _, there := one.Get(""); !there {
		t.Error("the ticket is not there")
	}
	if _, there := all.of(fmt.Sprint(last)).Get(""); there {
		t.Error("the ticket is there once more")
	}
}

// A server that hangs up behind a short handshake says nothing of this side's certificate.
func TestWhatWasNotShownIsNotJudged(t *testing.T) {
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		m := newMeeting(t, v)
		creds := m.agent(m.PEM())
		for _, short := range []bool{false, true} {
			raw, err := net.Dial("tcp", m.ln.Addr().String())
			noError(t, err)
			conn, err := creds.Secure(t.Context(), NewMetered(raw, new(atomic.Uint64), new(atomic.Uint64)), "a")
			noError(t, err)
			_, err = conn.Read(make([]byte, 1))
			noError(t, err)
			judged := RefusesOurs(HungUpError("a", creds, conn, errors.New("EOF")))
			if judged == short {
				t.Errorf("a short handshake: %v; the certificate is judged: %v", short, judged)
			}
			raw.Close()
		}
	}
}
