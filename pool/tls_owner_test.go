package pool

import (
	"testing"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/pool/internal/core"
	"github.com/open-nomad/rpcproxy/pool/internal/credentials"
)

func TestAConnectionWithCredentialsNoLongerOnOfferIsDropped(t *testing.T) {
	p := &Pool{}
	o, now := &owner{pool: p}, &credentials.Credentials{}
	p.creds.Store(now)
	late := credentials.Offer(p.cfg.Logger, nil, 0, p.try)
	late.End()
	if o.enforce(core.Secured{}, &offer{next: &credentials.Credentials{}, by: late}) || p.creds.Load() != now {
		t.Error("it replaced what came into force meanwhile")
	}
	next, on := &credentials.Credentials{}, credentials.Offer(p.cfg.Logger, nil, 0, p.try)
	if !o.enforce(core.Secured{}, &offer{next: next, by: on}) || p.creds.Load() != next {
		t.Error("what is on offer was not taken either")
	}
}

func TestOfTwoCredentialsThoseAskedForLaterAreInForce(t *testing.T) {
	p := &Pool{}
	o, first, second := &owner{pool: p}, &credentials.Credentials{}, &credentials.Credentials{}
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
	renewed := credentials.Watch(p.cfg.Logger, second, p.try)
	if !o.enforce(core.Secured{}, &offer{next: first, by: renewed}) || p.creds.Load() != first {
		t.Error("changed files were not")
	}
}
