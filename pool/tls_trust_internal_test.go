package pool

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/testutil"
)

// A session whose dial has begun with other credentials, and is over only now, ends with what
// is on it if its server is not trusted, and goes on if it is.
func TestASessionThatComesUpUnderFormerTrustIsVerifiedToo(t *testing.T) {
	ca, err := testutil.NewCA()
	noError(t, err)
	other, err := testutil.NewCA()
	noError(t, err)
	id, err := ca.Server("global")
	noError(t, err)
	cfg := ca.ServerTLS(id, "global")
	cfg.ClientAuth, cfg.VerifyPeerCertificate = 0, nil
	s, err := testutil.StartServer(testutil.ServerConfig{KeepAlive: -1, TLS: cfg})
	noError(t, err)
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	for name, c := range map[string]struct {
		roots []byte
		ends  bool
	}{
		"another authority":  {other.PEM(), true},
		"one authority more": {append(append([]byte{}, other.PEM()...), ca.PEM()...), false},
	} {
		t.Run(name, func(t *testing.T) {
			before, err := (&TLSConfig{CAPEM: ca.PEM()}).load()
			noError(t, err)
			p, err := New(Config{TLS: &TLSConfig{CAPEM: c.roots}, DrainTimeout: time.Millisecond})
			noError(t, err)
			defer func() { noError(t, p.Stop(context.Background())) }()
			ctx, cancel := context.WithTimeout(t.Context(), Patience)
			defer cancel()
			late, err := p.dialWith(ctx, s.Addr(), 7, before)
			noError(t, err)
			if !late.Enter() { // something is on it
				t.Fatal("it takes no calls")
			}
			noError(t, p.actor.Tell(ctx, &mail{Message: poolcore.Dialed{Addr: s.Addr(), Session: late.ID}, session: late}))
			ended := make(chan error, 1)
			go func() { ended <- late.Run(ctx, func() error { return ErrStopped }) }()
			if c.ends {
				if err := <-ended; !errors.Is(err, ErrDrained) {
					t.Errorf("%v", err)
				}
				return
			}
			noError(t, p.SetTLS(ctx, &TLSConfig{CAPEM: c.roots})) // it is verified by now, or again
			if late.Ended() {
				t.Errorf("%v", late.Cause())
			}
			late.End(ErrStopped)
			if err := <-ended; err == nil {
				t.Error("it ended for no reason")
			}
		})
	}
}
