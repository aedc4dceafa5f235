package pool

import (
	"context"
	"testing"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/pool/internal/credentials"
	"github.com/open-nomad/rpcproxy/testutil"
)

// judging is a pool without a session, and two credentials with other certificates.
func judging(t *testing.T) (p *Pool, first, second *credentials.Credentials) {
	t.Helper()
	ca, err := testutil.NewCA()
	noError(t, err)
	config := func() *TLSConfig {
		id, err := ca.Client("global")
		noError(t, err)
		return &TLSConfig{CAPEM: ca.PEM(), CertPEM: id.CertPEM, KeyPEM: id.KeyPEM}
	}
	p, err = New(Config{TLS: config()})
	noError(t, err)
	t.Cleanup(func() { noError(t, p.Stop(context.Background())) })
	first, err = config().load()
	noError(t, err)
	second, err = config().load()
	noError(t, err)
	return p, first, second
}

// taken has the owner hear that an offer was taken.
func taken(t *testing.T, p *Pool, of *offer) {
	t.Helper()
	of.judged = true
	noError(t, p.secure(t.Context(), of))
}

func TestAConnectionWithCredentialsNoLongerOnOfferIsDropped(t *testing.T) {
	p, first, second := judging(t)
	before := p.creds.Load()
	late := credentials.Offer(p.log, first, 1, p.try)
	late.End()
	noError(t, p.actor.Tell(t.Context(), &mail{offer: &offer{next: first, by: late, judged: true}}))
	judge, err := actor.Ask(t.Context(), p.actor.Ref, func(r actor.Reply[bool]) *mail {
		return &mail{offer: &offer{next: first, by: late, adopted: r}}
	})
	if err != nil || judge || p.creds.Load() != before {
		t.Errorf("it replaced what came into force meanwhile, or is to be tried: %v, %v", judge, err)
	}
	taken(t, p, &offer{next: second, by: credentials.Offer(p.log, second, 1, p.try), serial: 1})
	if p.creds.Load() != second {
		t.Error("what is on offer was not taken either")
	}
}

func TestOfTwoCredentialsThoseAskedForLaterAreInForce(t *testing.T) {
	p, first, second := judging(t)
	taken(t, p, &offer{next: second, serial: 2})
	taken(t, p, &offer{next: first, serial: 1}) // its caller is answered
	if p.creds.Load() != second {
		t.Error("what was asked for first is in force")
	}
	taken(t, p, &offer{next: first, by: credentials.Watch(p.log, p.creds.Load, p.try)})
	if p.creds.Load() != first {
		t.Error("changed files were not")
	}
}
