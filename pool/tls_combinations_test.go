package pool_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// How the dials after the first one end.
const (
	dialsReach   = iota // the server
	dialsRefused        // before there is a connection
	dialsHangUp         // before the first byte of an answer
	dialsReset          // in the middle of the server's handshake
)

// line is a way to the network that may turn bad.
type line struct{ mood atomic.Int32 }

func (l *line) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	mood := l.mood.Load()
	if mood == dialsRefused {
		return nil, errors.New("connection refused")
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil || mood == dialsReach {
		return conn, err
	}
	return &shortConn{Conn: conn, left: map[int32]int{dialsHangUp: 0, dialsReset: 40}[mood]}, nil
}

// shortConn ends when so many bytes have come in.
type shortConn struct {
	net.Conn
	left int
}

func (c *shortConn) Read(b []byte) (int, error) {
	if c.left == 0 {
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	n, err := c.Conn.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}

// any is a server that shows a certificate of a, and takes whatever it is shown, or nothing.
func (a authority) any(seen chan<- string) *testutil.Server {
	a.Helper()
	return startServerWith(a, testutil.ServerConfig{KeepAlive: -1, TLS: &tls.Config{
		Certificates: []tls.Certificate{a.issue("server.global.nomad").Certificate}, ClientAuth: tls.RequestClientCert,
		VerifyConnection: func(s tls.ConnectionState) error {
			who := "none"
			if len(s.PeerCertificates) > 0 {
				who = s.PeerCertificates[0].SerialNumber.String()
			}
			seen <- who
			return nil
		},
	}})
}

// What servers must show and what this side shows are put into force apart: each combination
// of a change and of what becomes of the server on which the session is, through each door.
func TestEachSideOfTheCredentialsIsPutIntoForceByItself(t *testing.T) {
	t.Parallel()
	old, other := newAuthority(t), newAuthority(t)
	both := func(c *pool.TLSConfig) { c.CAPEM = slices.Concat(old.PEM(), other.PEM()) }
	only := func(c *pool.TLSConfig) { c.CAPEM = other.PEM() }
	same := func(*pool.TLSConfig) {}
	const (
		kept    = iota // the certificate before
		changed        // the new one
		none
	)
	type verdict int
	const (
		yes    verdict = iota // a server takes the certificate, or there is nothing to take
		no                    // one that is trusted refuses it
		silent                // none that is trusted says anything
	)
	for name, c := range map[string]struct {
		trust   func(*pool.TLSConfig) // what changes
		cert    int
		shows   authority // what the server shows after the change
		takes   authority // whose clients it takes then
		mood    int32     // what becomes of the way to it
		verdict verdict
		first   bool // servers of the old authority are trusted afterwards
		second  bool // and those of the other one
		cut     bool // the session's server is not trusted any more
	}{
		"certificate, which is taken":                       {same, changed, old, old, dialsReach, yes, true, false, false},
		"certificate, which is refused":                     {same, changed, old, other, dialsReach, no, true, false, false},
		"none, which is refused":                            {same, none, old, old, dialsReach, no, true, false, false},
		"certificate, no dial":                              {same, changed, old, old, dialsRefused, silent, true, false, false},
		"certificate, limit of connections":                 {same, changed, old, old, dialsHangUp, silent, true, false, false},
		"certificate, reset within the handshake":           {same, changed, old, old, dialsReset, silent, true, false, false},
		"certificate, server with another authority":        {same, changed, other, old, dialsReach, silent, true, false, false},
		"authority more":                                    {both, kept, old, old, dialsReach, yes, true, true, false},
		"authority more, limit of connections":              {both, kept, old, old, dialsHangUp, yes, true, true, false},
		"authority more and certificate, taken":             {both, changed, old, old, dialsReach, yes, true, true, false},
		"authority more and certificate, refused":           {both, changed, old, other, dialsReach, no, true, true, false},
		"authority more and certificate, of the other side": {both, changed, other, old, dialsReach, yes, true, true, false},
		"authority more and certificate, limit":             {both, changed, old, old, dialsHangUp, silent, true, true, false},
		"another authority, old server":                     {only, kept, old, old, dialsReach, yes, false, true, true},
		"another authority, new server":                     {only, kept, other, old, dialsReach, yes, false, true, true},
		"another authority, no dial":                        {only, kept, old, old, dialsRefused, yes, false, true, true},
		"both, old server that takes neither":               {only, changed, old, other, dialsReach, silent, false, true, true},
		"both, old server that takes all":                   {only, changed, old, old, dialsReach, silent, false, true, true},
		"both, new server that takes both":                  {only, changed, other, old, dialsReach, yes, false, true, true},
		"both, new server that refuses the certificate":     {only, changed, other, other, dialsReach, no, false, true, true},
		"both, limit of connections":                        {only, changed, other, old, dialsHangUp, silent, false, true, true},
		"both, reset within the handshake":                  {only, changed, other, old, dialsReset, silent, false, true, true},
		"another authority, and no certificate, refused":    {only, none, other, old, dialsReach, no, false, true, true},
	} {
		for _, door := range []string{"SetTLS", "OfferTLS", "Watch"} {
			t.Run(name+"/"+door, func(t *testing.T) {
				t.Parallel()
				if door == "Watch" && c.cert == none {
					t.Skip("files do not become fewer")
				}
				seen := make(chan string, 1000)
				first, second := old.any(seen), other.any(seen)
				s := startTurncoat(t, old)
				way := new(line)
				was, next := old.issue("client.global.nomad"), old.issue("client.global.nomad")
				f := newFiles(t)
				f.hold(old, was)
				start := old.client(was)
				if door == "Watch" {
					start = f.config(often)
				}
				p := newPool(t, pool.Config{TLS: start, Handlers: doubling(), DrainTimeout: time.Millisecond, Dial: way.dial})
				on := occupy(t, p, s.Server)

				s.show(c.shows, c.takes)
				way.mood.Store(c.mood)
				to := old.client(map[int]*testutil.Identity{kept: was, changed: next}[c.cert])
				c.trust(to)
				switch door {
				case "SetTLS":
					err := p.SetTLS(t.Context(), to)
					if (err != nil) != (c.verdict == no) || err != nil && !errors.Is(err, pool.ErrTLSRefused) {
						t.Fatalf("%v", err)
					}
				case "OfferTLS":
					noError(t, p.OfferTLS(to))
				case "Watch":
					f.put(f.ca, to.CAPEM)
					f.put(f.cert, slices.Concat(to.CertPEM, to.KeyPEM))
					f.put(f.key, slices.Concat(to.CertPEM, to.KeyPEM))
				}
				inForce := map[bool]*testutil.Identity{true: next, false: was}[c.cert == changed && c.verdict == yes]
				if c.verdict == silent && (door == "SetTLS" || c.cut) {
					inForce = next // untried, or until it is refused
				}
				if door != "SetTLS" && c.verdict != yes && c.cert != kept {
					await(t, "the verdict", func() bool {
						_, err := p.OfferedTLS()
						// The files may be read while they are written: the certificate alone was new then, and was taken
						// while its server was still trusted.
						return err != nil || door == "Watch" && c.cut && p.Stats().Sessions == 0
					})
				}
				if door == "OfferTLS" && c.verdict == yes {
					awaitTaken(t, p)
				}
				if c.cut {
					on.cut(t, pool.ErrDrained)
				}
				// What is in force shows on servers that take all, the trusted one first: a session
				// that comes up is a verdict for what is on offer.
				probes := []struct {
					server  *testutil.Server
					trusted bool
				}{{first, c.first}, {second, c.second}}
				if !c.first {
					slices.Reverse(probes)
				}
				way.mood.Store(dialsReach)
				for i, probe := range probes {
					if i == 0 {
						await(t, "the certificate", func() bool {
							if _, err := p.Ping(within(t), probe.server.Addr()); err != nil && door == "Watch" {
								return false // its session has just ended, or the files are half read
							}
							got := receive(t, "a client", seen)
							if got == serial(inForce) {
								return true
							}
							if door == "Watch" && c.verdict == silent && got == serial(next) {
								return true // it was tried again in between, now that the way is good, and taken
							}
							if door != "Watch" {
								t.Fatalf("%s is shown, want %s, of %s and %s", got, serial(inForce), serial(was), serial(next))
							}
							probe.server.Kill()
							noError(t, probe.server.Restart())
							return false
						})
						continue
					}
					await(t, "the trust", func() bool {
						_, err := p.Ping(within(t), probe.server.Addr())
						if err != nil && !errors.Is(err, pool.ErrTLSUnknownAuthority) {
							t.Fatal(err)
						}
						return (err == nil) == probe.trusted
					})
				}
				if !c.cut {
					on.live(t)
				}
			})
		}
	}
}

func serial(id *testutil.Identity) string {
	return id.Certificate.Leaf.SerialNumber.String()
}

// show has it show a certificate of one authority, and take clients of another.
func (s *turncoat) show(shows, takes authority) {
	cfg := takes.ServerTLS(shows.issue("server.global.nomad"), "global")
	s.trust.Store(cfg)
}
