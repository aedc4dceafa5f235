package pool_test

import (
	"bytes"
	"crypto/tls"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// Credentials are rotated amid calls and reconnects, to servers that make handshakes short: what
// was shown or trusted before is in no handshake that begins afterwards, a short one included.
func TestNoShortHandshakeOutlivesARotation(t *testing.T) {
	for _, newest := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(newest), func(t *testing.T) {
			ca, stranger := newAuthority(t), newAuthority(t)
			var shown, replaced atomic.Pointer[[]byte] // certificates of this side
			var short, wrong atomic.Int64
			cfg := ca.ServerTLS(ca.issue("server.global.nomad"), "global")
			cfg.MaxVersion = newest
			cfg.VerifyConnection = func(s tls.ConnectionState) error {
				shown.Store(&s.PeerCertificates[0].Raw)
				if s.DidResume {
					short.Add(1)
				}
				if old := replaced.Load(); old != nil && bytes.Equal(*old, s.PeerCertificates[0].Raw) {
					wrong.Add(1)
				}
				return nil
			}
			s := startServerWith(t, testutil.ServerConfig{KeepAlive: -1, TLS: cfg})
			p := newPool(t, pool.Config{TLS: ca.agent()})
			ping(t, p, s.Addr())
			for i := range 8 {
				bounce(t, p, s)
				ping(t, p, s.Addr()) // a short one
				last := *shown.Load()
				next := ca.agent()
				if i%2 == 1 {
					next.CAPEM = slices.Concat(next.CAPEM, stranger.PEM())
				}
				noError(t, p.SetTLS(within(t), next))
				replaced.Store(&last)
				bounce(t, p, s)
				ping(t, p, s.Addr())
				if i%4 == 3 { // trust is withdrawn: no ticket stands in for it
					noError(t, p.SetTLS(within(t), &pool.TLSConfig{CAPEM: stranger.PEM(), CertPEM: next.CertPEM, KeyPEM: next.KeyPEM}))
					bounce(t, p, s)
					for range 2 {
						_, err := p.Ping(within(t), s.Addr())
						failed(t, err, pool.PhaseHandshake, pool.NotSent, pool.ErrTLSUnknownAuthority)
					}
					noError(t, p.SetTLS(within(t), next))
				}
			}
			if short.Load() == 0 || wrong.Load() > 0 {
				t.Errorf("%d short handshakes, %d with a certificate that was replaced", short.Load(), wrong.Load())
			}
		})
	}
}
