package pool_test

import (
	"crypto/tls"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// turncoat is a server that may come to trust another authority.
type turncoat struct {
	*testutil.Server
	trust atomic.Pointer[tls.Config]
}

func (s *turncoat) follow(ca authority) {
	s.trust.Store(ca.ServerTLS(ca.issue("server.global.nomad"), "global"))
}

func startTurncoat(t *testing.T, ca authority) *turncoat {
	t.Helper()
	s := new(turncoat)
	s.follow(ca)
	cfg := &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.trust.Load(), nil }}
	s.Server = startServerWith(t, testutil.ServerConfig{KeepAlive: -1, TLS: cfg})
	return s
}

// offer offers and looks that it is refused, with one line in the log.
func offer(t *testing.T, p *pool.Pool, cfg *pool.TLSConfig, log lines, why error) {
	t.Helper()
	noError(t, p.OfferTLS(cfg))
	onOffer(t, p, why)
	awaitLine(t, log, "the TLS credentials on offer are not taken")
}

// onOffer waits until what is on offer was refused for that reason.
func onOffer(t *testing.T, p *pool.Pool, why error) {
	t.Helper()
	await(t, "the refusal", func() bool { _, err := p.OfferedTLS(); return err != nil })
	if pending, err := p.OfferedTLS(); !pending || !errors.Is(err, why) || p.Stats().TLSOffers != 1 {
		t.Errorf("pending %v: %v, want %v", pending, err, why)
	}
}

// awaitTaken waits until nothing is on offer.
func awaitTaken(t *testing.T, p *pool.Pool) {
	t.Helper()
	await(t, "nothing on offer", func() bool { pending, _ := p.OfferedTLS(); return !pending })
	if n := p.Stats().TLSOffers; n != 0 {
		t.Errorf("%d on offer", n)
	}
}

// rest is what is in the log.
func (l lines) rest() (all []string) {
	for {
		select {
		case line := <-l:
			all = append(all, line)
		default:
			return all
		}
	}
}

func TestAnOfferIsTakenByAServerThatComesToLikeIt(t *testing.T) {
	t.Parallel()
	ca, next, log := newAuthority(t), newAuthority(t), make(lines, 100)
	s := startTurncoat(t, ca)
	p := newPool(t, pool.Config{TLS: ca.agent(), Logger: log.logger()})
	ping(t, p, s.Addr())
	offer(t, p, ca.client(next.issue("client.global.nomad")), log, pool.ErrTLSRefused)
	bounce(t, p, s.Server)
	ping(t, p, s.Addr()) // with the certificate in force: it is asked again, and refuses again
	s.show(ca, next)
	bounce(t, p, s.Server)
	_, err := p.Ping(within(t), s.Addr())
	if err != nil { // the offer was made while that session came up, or is now
		failed(t, err, pool.PhaseHandshake, pool.NotSent, pool.ErrTLSRefused)
	}
	awaitTaken(t, p)
	ping(t, p, s.Addr())
	pool.Written(p)
	said := log.rest()
	if len(said) != 1 || !strings.Contains(said[0], `"offered":true`) || !strings.Contains(said[0], "replaced") {
		t.Errorf("%q", said)
	}
}

func TestAnOfferIsTakenAtOnceWhereItIsLiked(t *testing.T) {
	ca := newAuthority(t)
	s := ca.observe()
	p := newPool(t, pool.Config{TLS: ca.agent()})
	ping(t, p, s.Addr())
	id := ca.issue("client.global.nomad")
	noError(t, p.OfferTLS(ca.client(id)))
	s.awaitGuest(t, id) // to be tried
	s.awaitGuest(t, id) // for good
	awaitTaken(t, p)
	ping(t, p, s.Addr())
}

func TestWhereNoServerIsKnownAnOfferIsInForceAtOnce(t *testing.T) {
	ca := newAuthority(t)
	p := newPool(t, pool.Config{})
	noError(t, p.OfferTLS(ca.agent()))
	if pending, why := p.OfferedTLS(); pending || why != nil {
		t.Errorf("pending: %v", why)
	}
	ping(t, p, ca.server().Addr())
}

func TestAnOfferWaitsForAServerThatCanBeAsked(t *testing.T) {
	t.Parallel()
	ca, log := newAuthority(t), make(lines, 100)
	s := ca.observe()
	p := newPool(t, pool.Config{TLS: ca.agent(), Logger: log.logger()})
	ping(t, p, s.Addr())
	s.Kill()
	await(t, "the loss", func() bool { return p.Stats().Sessions == 0 })
	id := ca.issue("client.global.nomad")
	noError(t, p.OfferTLS(ca.client(id)))
	awaitLine(t, log, "no server can be asked")
	if pending, why := p.OfferedTLS(); !pending || why == nil {
		t.Errorf("pending %v: %v", pending, why)
	}
	noError(t, s.Restart())
	ping(t, p, s.Addr())
	awaitTaken(t, p)
	s.awaitGuest(t, id)
}

func TestWhatEndsAnOffer(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	for name, c := range map[string]struct {
		do   func(*testing.T, *pool.Pool)
		left bool
	}{
		"SetTLS that is taken": {func(t *testing.T, p *pool.Pool) {
			if err := p.SetTLS(t.Context(), ca.agent()); err != nil {
				t.Error(err)
			}
		}, false},
		"SetTLS that is refused": {func(t *testing.T, p *pool.Pool) {
			if err := p.SetTLS(t.Context(), ca.client(other.issue("client.global.nomad"))); !errors.Is(err, pool.ErrTLSRefused) {
				t.Error(err)
			}
		}, true},
		"SetTLS by which other servers are trusted": {func(t *testing.T, p *pool.Pool) {
			if err := p.SetTLS(t.Context(), other.agent()); err != nil {
				t.Error(err)
			}
		}, false},
		"an offer that is taken": {func(t *testing.T, p *pool.Pool) {
			if err := p.OfferTLS(ca.agent()); err != nil {
				t.Error(err)
			}
			awaitTaken(t, p)
		}, false},
		"an offer that cannot be read": {func(t *testing.T, p *pool.Pool) {
			as[*pool.TLSConfigError](t, p.OfferTLS(&pool.TLSConfig{CAFile: "none"}))
		}, true},
		"Stop": {func(t *testing.T, p *pool.Pool) {
			stop(t, p.Stop)
			if err := p.OfferTLS(ca.agent()); !errors.Is(err, pool.ErrStopped) {
				t.Error(err)
			}
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, log := ca.server(), make(lines, 100)
			p := newPool(t, pool.Config{TLS: ca.agent(), Logger: log.logger()})
			ping(t, p, s.Addr())
			offer(t, p, ca.client(other.issue("client.global.nomad")), log, pool.ErrTLSRefused)
			c.do(t, p)
			if pending, _ := p.OfferedTLS(); pending != c.left {
				t.Errorf("pending %v, want %v", pending, c.left)
			}
		})
	}
}

func TestAnOfferOfPlainTCPIsMadeToo(t *testing.T) {
	ca, log := newAuthority(t), make(lines, 100)
	s := ca.server()
	p := newPool(t, pool.Config{TLS: ca.agent(), Logger: log.logger()})
	ping(t, p, s.Addr())
	offer(t, p, nil, log, pool.ErrTLSWanted)
	ping(t, p, s.Addr())
}

// The credentials in force live on as if there were no offer, and the offer's files
// are looked at as well.
func TestFilesAreFollowedWhileAnOfferIsPending(t *testing.T) {
	ca, other, log := newAuthority(t), newAuthority(t), make(lines, 100)
	s, force, offered := ca.observe(), newFiles(t), newFiles(t)
	force.hold(ca, ca.issue("client.global.nomad"))
	p := newPool(t, pool.Config{TLS: force.config(often), Logger: log.logger()})
	ping(t, p, s.Addr())
	offered.hold(ca, other.issue("client.global.nomad"))
	offer(t, p, offered.config(often), log, pool.ErrTLSRefused)

	id := ca.issue("client.global.nomad")
	force.hold(ca, id)
	s.awaitGuest(t, id)
	s.awaitGuest(t, id)
	awaitLine(t, log, `"watched":true`)
	if pending, why := p.OfferedTLS(); !pending || !errors.Is(why, pool.ErrTLSRefused) {
		t.Errorf("pending %v: %v", pending, why)
	}

	offered.put(offered.cert, []byte("nonsense")) // what was read before stays on offer
	awaitLine(t, log, "those read before stay on offer")
	id = ca.issue("client.global.nomad")
	offered.hold(ca, id)
	s.awaitGuest(t, id)
	awaitLine(t, log, `"offered":true`)
	awaitTaken(t, p)
	id = ca.issue("client.global.nomad") // from now on those are watched
	offered.hold(ca, id)
	s.awaitGuest(t, id)
	awaitLine(t, log, `"watched":true`)
	force.put(force.cert, []byte("nonsense")) // and those are not
	ping(t, p, s.Addr())
}
