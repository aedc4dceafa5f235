package pool_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/pool"
)

func TestOnlyWithdrawnTrustCutsTheCallsOfASession(t *testing.T) {
	t.Parallel()
	first, second := newAuthority(t), newAuthority(t)
	both := func() *pool.TLSConfig {
		cfg := first.agent()
		cfg.CAPEM = slices.Concat(cfg.CAPEM, second.PEM())
		return cfg
	}
	for name, c := range map[string]struct {
		from  *pool.TLSConfig
		turns authority // the server's, meanwhile
		to    func() *pool.TLSConfig
		cut   bool
	}{
		"another certificate": {first.agent(), first, first.agent, false},
		"one more authority":  {first.agent(), first, both, false},
		"another authority":   {first.agent(), second, second.agent, true},
		"one authority less":  {both(), first, first.agent, false},                                                                                      // not that of the server
		"another name":        {first.agent(), first, func() *pool.TLSConfig { cfg := first.agent(); cfg.ServerName = "localhost"; return cfg }, false}, // which it has, too
	} {
		t.Run(name, func(t *testing.T) {
			turning := startTurncoat(t, first)
			s := turning.Server
			held := holdCalls(t, s)
			p := newPool(t, pool.Config{TLS: c.from, Handlers: doubling(), DrainTimeout: time.Millisecond})
			on := occupy(t, p, s)
			query := call(within(t), p, s.Addr(), "Test.Hold", "a query")
			receive(t, "the query", held.entered)
			turning.follow(c.turns)
			noError(t, p.SetTLS(t.Context(), c.to()))
			if c.cut {
				on.cut(t, pool.ErrDrained)
				lost(t, receive(t, "the query", query).err, pool.ErrDrained)
				ping(t, p, s.Addr())
				await(t, "the old session's end", func() bool { return p.Stats().Sessions == 1 })
				return
			}
			await(t, "the new session", func() bool { return p.Stats().Sessions == 2 })
			for range 50 {
				ping(t, p, s.Addr())
				on.live(t)
			}
			close(held.release)
			if r := receive(t, "the query", query); r.err != nil || r.reply != "a query" {
				t.Fatalf("%v, %v", r.reply, r.err)
			}
			on.live(t)
			on.close()
			await(t, "the old session's end", func() bool { return p.Stats().Sessions == 1 })
		})
	}
}

// Credentials that change again and again do not pile up sessions.
func TestSessionsThatAreReplacedAreBounded(t *testing.T) {
	const bound = 4
	ca := newAuthority(t)
	s := ca.server()
	var log logged
	p := newPool(t, pool.Config{
		TLS: ca.agent(), Handlers: doubling(), Logger: zerolog.New(&log).Level(zerolog.WarnLevel),
		SilenceLimit: time.Hour, DialTimeout: patience, // no session is dialed for but by the credentials
	})
	handleCopies(s)
	var on []onBothSides
	for i := range 2 * bound {
		on = append(on, occupy(t, p, s))
		before := pool.Published(p, s.Addr())
		noError(t, p.SetTLS(t.Context(), ca.agent()))
		await(t, "the renewal", func() bool { return pool.Published(p, s.Addr()) != before })
		if dials := p.Stats().Dials; dials != uint64(i)+2 {
			t.Fatalf("%d dials in renewal %d", dials, i)
		}
		if i+2 > bound {
			on[i+1-bound].cut(t, pool.ErrTooManySessions)
		}
		await(t, "the bound", func() bool { return p.Stats().Sessions == min(i+2, bound) })
		for _, o := range on[max(i+2-bound, 0):] {
			exchangeOn(t, o.out, "still there")
			exchangeOn(t, o.back, "and back")
		}
	}
	pool.Written(p)
	lines := 0
	for _, c := range log.String() {
		if c == '\n' {
			lines++
		}
	}
	if lines != bound+1 {
		t.Fatalf("%d lines, want one for each of %d sessions:\n%s", lines, bound+1, log.String())
	}
}
