package trips

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/rpc"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"
	msgpackrpc "github.com/hashicorp/net-rpc-msgpackrpc/v2"
	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// oneWay is how long bytes take to the other end. Nothing else takes time on a virtual clock:
// how many round trips there were follows from what waits for what, and not from the machine.
const oneWay = 50 * time.Millisecond

// farServer is a server as Nomad's, at the other end of a path.
type farServer struct {
	tls     *tls.Config // nil: plain
	rpc     *rpc.Server
	dials   atomic.Int64
	resumed atomic.Int64 // of these, short handshakes
	last    net.Conn     // its end of the last connection
}

// Ping answers what agents ask first.
type farStatus struct{}

func (farStatus) Ping(struct{}, *struct{}) error { return nil }

// dial takes a round trip, as that of TCP does.
func (s *farServer) dial(context.Context, string, string) (net.Conn, error) {
	s.dials.Add(1)
	time.Sleep(2 * oneWay)
	near, entry := net.Pipe()
	exit, end := net.Pipe()
	go carry(entry, exit)
	go carry(exit, entry)
	s.last = end
	go s.serve(end)
	return near, nil
}

// carry brings bytes from one end to the other, each after the same time.
func carry(from, to net.Conn) {
	type piece struct {
		bytes []byte
		at    time.Time
	}
	way := make(chan piece, 4096)
	go func() {
		defer to.Close()
		for p := range way {
			time.Sleep(time.Until(p.at))
			if _, err := to.Write(p.bytes); err != nil {
				break
			}
		}
		for range way { // what comes too late
		}
	}()
	defer close(way)
	for {
		b := make([]byte, 64<<10)
		n, err := from.Read(b)
		if n > 0 {
			way <- piece{b[:n], time.Now().Add(oneWay)}
		}
		if err != nil {
			return
		}
	}
}

func (s *farServer) serve(conn net.Conn) {
	defer conn.Close()
	mode := make([]byte, 1)
	if s.tls != nil {
		if _, err := io.ReadFull(conn, mode); err != nil {
			return
		}
		secured := tls.Server(conn, s.tls)
		if secured.Handshake() != nil {
			return
		}
		if secured.ConnectionState().DidResume {
			s.resumed.Add(1)
		}
		conn = secured
	}
	if _, err := io.ReadFull(conn, mode); err != nil {
		return
	}
	cfg := yamux.DefaultConfig()
	cfg.LogOutput = io.Discard
	session, err := yamux.Server(conn, cfg)
	if err != nil {
		return
	}
	defer session.Close()
	for {
		stream, err := session.AcceptStream()
		if err != nil {
			return
		}
		go func() {
			c := msgpackrpc.NewCodecFromHandle(true, true, stream, &codec.MsgpackHandle{})
			defer c.Close()
			if _, err := io.ReadFull(stream, make([]byte, 1)); err != nil {
				return
			}
			for s.rpc.ServeRequest(c) == nil {
			}
		}()
	}
}

// trips is how many round trips there were from begin to the end of a call.
func trips(t *testing.T, begin time.Time, call func() error) float64 {
	t.Helper()
	noError(t, call())
	return float64(time.Since(begin)) / float64(2*oneWay)
}

// yamux and the pool keep timers and buffers for other sessions, so there is one bubble in this
// process, and one test.
func TestRoundTrips(t *testing.T) {
	ca, err := testutil.NewCA()
	noError(t, err)
	server, err := ca.Server("global")
	noError(t, err)
	agent, err := ca.Client("global")
	noError(t, err)
	now := time.Now().Round(0)
	for range 2 { // empties yamux's pool of timers: those of an earlier bubble are of no use in another
		runtime.GC()
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(now.Sub(time.Now().Round(0))) // certificates are of now
		theFirstCallTakesTwoMoreThanItsConnection(t, ca, server, agent)
		far(t, aLargeBodyTakesNotMuchLongerThanThePathDoes)
		far(t, aSmallCallBesideALargeOneWaitsLittle)
		far(t, largeBodiesAtTheSameTimeShareThePath)
		far(t, aWayThatBecomesLongerIsFilledAgain)
		far(t, aWayThatBecomesLongerAmidAReplyIsFilledAgain)
		if testing.Short() {
			return
		}
		far(t, aWayThatBecomesShorterIsNotFilledTwice)
		far(t, aLineThatBecomesSlowerIsNotFilledForLong)
		far(t, aSessionThatIsBusyForLongKeepsItsMeasure)
	})
}

// One for TCP, those of TLS, one for the session's first ping, and one for the call itself. TLS 1.2
// takes one less where it resumes; TLS 1.3 has no more to save.
func theFirstCallTakesTwoMoreThanItsConnection(t *testing.T, ca *testutil.CA, server, agent *testutil.Identity) {
	for _, c := range []struct {
		name         string
		version      uint16
		first, again float64
	}{
		{"plain", 0, 1 + 0 + 2, 1 + 0 + 2},
		{"TLS 1.3", tls.VersionTLS13, 1 + 1 + 2, 1 + 1 + 2},
		{"TLS 1.2", tls.VersionTLS12, 1 + 2 + 2, 1 + 1 + 2},
	} {
		s := &farServer{rpc: rpc.NewServer()}
		noError(t, s.rpc.RegisterName("Status", farStatus{}))
		cfg := proxy.Config{Servers: []string{"a:4647"}, Pool: pool.Config{Dial: s.dial}}
		if c.version != 0 {
			s.tls = ca.ServerTLS(server, "global")
			s.tls.MinVersion, s.tls.MaxVersion = c.version, c.version
			cfg.Pool.TLS = &pool.TLSConfig{CAPEM: ca.PEM(), CertPEM: agent.CertPEM, KeyPEM: agent.KeyPEM}
		}
		s.count(t, c.name, cfg, c.first, c.again)
		if want := int64(min(c.version, 1)); s.dials.Load() != 3 || s.resumed.Load() != want {
			t.Errorf("%s: %d dials, of which %d resumed, want 3 and %d", c.name, s.dials.Load(), s.resumed.Load(), want)
		}
	}
}

// count counts the round trips of a proxy's first call and its second one, and of a pool's
// first call and of one after the connection was lost: a pool alone dials only for a call.
func (s *farServer) count(t *testing.T, name string, cfg proxy.Config, first, again float64) {
	begin := time.Now()
	p, err := proxy.Start(cfg)
	noError(t, err)
	got := []float64{
		trips(t, begin, func() error { return p.Call(t.Context(), "Status.Ping", struct{}{}, nil) }),
		trips(t, time.Now(), func() error { return p.Call(t.Context(), "Status.Ping", struct{}{}, nil) }),
	}
	noError(t, p.Stop(context.Background()))
	q, err := pool.New(cfg.Pool)
	noError(t, err)
	call := func() error { return q.Call(t.Context(), "a:4647", "Status.Ping", struct{}{}, nil) }
	got = append(got, trips(t, time.Now(), call))
	s.last.Close()
	time.Sleep(time.Hour)
	got = append(got, trips(t, time.Now(), call))
	noError(t, q.Stop(context.Background()))
	time.Sleep(time.Hour) // until the last bytes have come to their end
	if want := []float64{first, 1, first, again}; !slices.Equal(got, want) {
		t.Errorf("%s: %v round trips of a first call, the next one, that of a pool, and that after a loss; want %v", name, got, want)
	}
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
