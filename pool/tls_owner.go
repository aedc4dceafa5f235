package pool

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/pool/internal/credentials"
)

// offer is credentials that are to come into force.
type offer struct {
	next    *credentials.Credentials
	lasting bool                  // of OfferTLS: until they are taken
	ctx     context.Context       // of the caller of SetTLS
	serial  uint64                // among SetTLS and OfferTLS; the owner gives it
	by      *credentials.Offering // that tries them; nil: it is of SetTLS, or has just been made
	reply   actor.Reply[error]    // of the caller; zero: none waits
	adopted actor.Reply[bool]     // of by, before it tries them: whether it is to
	changed bool                  // other servers are trusted by it
	judged  bool                  // the certificate was tried
	refused error                 // why it was refused
}

// rotation is what the owner knows of the credentials in force.
type rotation struct {
	serial  uint64                   // of the last SetTLS or OfferTLS
	inForce uint64                   // of the one whose certificate is in force
	trust   uint64                   // of the last one that changed which servers are trusted
	proven  *credentials.Credentials // with the certificate that was taken last
	trying  uint64                   // of the one whose certificate is in force and has yet to be taken; 0: none
	notices notices
}

// takeOffer takes an offer: one that was made, one whose files have changed, or one that was
// tried.
func (o *owner) takeOffer(now time.Time, of *offer) {
	switch {
	case of.by != nil && of.by.Over():
		of.adopted.Send(false)
	case of.judged:
		o.judge(now, of)
	case of.by != nil:
		of.adopted.Send(o.adopt(now, of))
	default:
		o.begin(now, of)
	}
}

// begin begins with an offer.
func (o *owner) begin(now time.Time, of *offer) {
	p := o.pool
	o.tls.serial++
	of.serial = o.tls.serial
	first, others := p.askable()
	unknown := len(first)+len(others) == 0
	judge := o.adopt(now, of)
	switch {
	case !judge, unknown:
		o.judge(now, of)
	case of.lasting:
		o.offer(of)
	default:
		o.self.Go(func(ctx context.Context) {
			ctx, stop := context.WithCancelCause(ctx)
			defer stop(nil)
			defer context.AfterFunc(of.ctx, func() { stop(contain.Cause(of.ctx)) })()
			of.refused, of.judged = p.tried(ctx, of.next), true
			_ = o.tell(ctx, &mail{offer: of})
		})
	}
}

// offer begins the offering of OfferTLS, in place of another one.
func (o *owner) offer(of *offer) {
	p := o.pool
	next := o.offering(func(try credentials.Try) *credentials.Offering {
		return credentials.Offer(p.log, of.next, of.serial, try)
	})
	if before := p.offered.Swap(next); before != nil {
		before.End()
	}
	if p.creds.Load() == of.next { // its files are read by the offering
		o.endWatch()
	} else if p.watching.Load() == nil {
		o.watch()
	}
	o.start(next)
	of.reply.Send(nil)
}

// offering makes an offering whose credentials the owner sees before they are tried: what
// servers must show is in force then.
func (o *owner) offering(build func(credentials.Try) *credentials.Offering) (made *credentials.Offering) {
	p := o.pool
	made = build(func(ctx context.Context, next *credentials.Credentials) credentials.Trial {
		of := &offer{next: next, by: made, serial: made.Serial}
		judge, err := actor.Ask(ctx, p.actor.Ref, func(r actor.Reply[bool]) *mail {
			of.adopted = r
			return &mail{offer: of}
		})
		switch {
		case err != nil:
			return credentials.Trial{Unreached: err}
		case !judge:
			return credentials.Trial{Taken: true}
		}
		t := p.try(ctx, next)
		if t.Refused != nil {
			_ = o.tell(ctx, &mail{offer: &offer{next: next, by: made, serial: made.Serial, judged: true, refused: t.Refused}})
		}
		return t
	})
	return made
}

// start runs an offering in a goroutine of its own.
func (o *owner) start(of *credentials.Offering) {
	o.self.Go(func(ctx context.Context) {
		if of.Run(ctx) {
			_ = o.tell(ctx, &mail{offer: &offer{next: of.Next(), lasting: !of.Watched(), serial: of.Serial, by: of, judged: true}})
		}
	})
}

// adopt puts into force at once what servers must show, and reports whether the certificate of
// this side is to be tried. It is not in force before, unless it must be: where trust is
// withdrawn all sessions are made anew, most likely with the pair that belongs together.
func (o *owner) adopt(now time.Time, of *offer) (judge bool) {
	next, before := of.next, o.pool.creds.Load()
	if next == nil {
		return before != nil
	}
	judge = before == nil || next.Shows() != o.tls.proven.Shows()
	if next.Trusts() == before.Trusts() {
		return judge
	}
	of.changed = true
	watched := of.by != nil && of.by.Watched()
	if !watched {
		o.tls.trust = of.serial
	}
	if of.by == nil {
		o.endOffer(of.serial)
	}
	o.pool.log.Info().Bool("watched", watched).Bool("offered", of.lasting || of.by != nil && !watched).
		Msg("TLS: what servers must show to be trusted has changed")
	switch withdraws := next.Withdraws(before); {
	case judge && !withdraws:
		o.install(now, next.With(before), of.by)
		o.step(now, poolcore.Retrusted{})
	default:
		if o.tls.trying = 0; judge {
			o.tls.trying = max(of.serial, 1)
		}
		o.install(now, next, of.by)
		o.step(now, poolcore.Secured{})
	}
	o.recheck(now)
	return judge
}

// judge takes the verdict about the certificate of an offer, or takes it as it is.
func (o *owner) judge(now time.Time, of *offer) {
	if of.refused != nil {
		o.refuse(now, of)
		return
	}
	p, watched := o.pool, of.by != nil && of.by.Watched()
	if !watched {
		if of.serial < o.tls.inForce || of.next == nil && of.serial < o.tls.trust {
			of.reply.Send(nil) // as if they had come first
			return
		}
		o.tls.inForce = of.serial
		defer o.endOffer(of.serial) // once it is in force
	}
	o.tls.proven = of.next
	before := p.creds.Load()
	switch {
	case of.next == nil:
		o.tls.trying = 0
		o.install(now, nil, nil)
		o.step(now, poolcore.Secured{})
		o.recheck(now)
	case of.next == before: // since it was adopted
		o.tls.trying = 0
		o.watch()
	case !watched && o.tls.trying > of.serial: // there is a later one
	default:
		next := of.next
		if before != nil && next.Trusts() != before.Trusts() {
			next = before.With(next)
		}
		o.tls.trying = 0
		o.install(now, next, nil)
		o.step(now, poolcore.Secured{})
	}
	p.log.Info().Bool("watched", watched).Bool("offered", of.lasting).Msg("TLS credentials replaced")
	of.reply.Send(nil)
}

// refuse takes back a certificate that was refused, if it is in force.
func (o *owner) refuse(now time.Time, of *offer) {
	p := o.pool
	in, verdict := p.creds.Load(), credentials.RefusesOurs(of.refused)
	if verdict && o.tls.trying != 0 && of.next != nil && in.Shows() == of.next.Shows() && in.Shows() != o.tls.proven.Shows() {
		o.tls.trying = 0
		o.install(now, in.With(o.tls.proven), of.by)
		o.step(now, poolcore.Secured{})
	}
	err := of.refused
	switch {
	case !verdict: // the caller waits no more
	case of.changed:
		err = fmt.Errorf("pool: what servers must show has changed, and this side's certificate stays as it was: %w", err)
	default:
		err = fmt.Errorf("pool: TLS stays as it was: %w", err)
	}
	of.reply.Send(err)
}

// endOffer ends what OfferTLS has on offer, unless it is later than serial.
func (o *owner) endOffer(serial uint64) {
	if on := o.pool.offered.Load(); on != nil && on.Serial <= serial {
		on.End()
		o.pool.offered.Store(nil)
	}
}

// install puts credentials into force. by, which may be nil, goes on.
func (o *owner) install(now time.Time, next *credentials.Credentials, by *credentials.Offering) {
	before := o.pool.creds.Swap(next)
	o.pool.caution(before, next)
	if o.pool.hooks.Secured != nil {
		defer o.pool.hooks.Secured()
	}
	o.tls.notices.give(now, next, o.pool.log)
	if by == nil || by != o.pool.watching.Load() {
		o.watch()
	}
}

// watch watches the files of the credentials in force, in place of those before. Those that
// are on offer are read by their offering.
func (o *owner) watch() {
	p := o.pool
	o.endWatch()
	inForce := p.creds.Load()
	if inForce == nil || inForce.From().Watch == 0 {
		return
	}
	w := o.offering(func(try credentials.Try) *credentials.Offering {
		return credentials.Watch(p.log, p.creds.Load, try)
	})
	p.watching.Store(w)
	o.start(w)
}

func (o *owner) endWatch() {
	if before := o.pool.watching.Swap(nil); before != nil {
		before.End()
	}
}

// adoptParents puts the parent's credentials into force.
func (o *owner) adoptParents(now time.Time) {
	p := o.pool
	next, before := p.parent.creds.Load(), p.creds.Load()
	if next == before {
		return
	}
	p.creds.Store(next)
	o.tls.proven = next
	o.step(now, poolcore.Secured{})
	o.recheck(now)
}

// caution logs that the names of servers are not verified from now on, and what is wrong
// with the files.
func (p *Pool) caution(before, now *credentials.Credentials) {
	for _, text := range now.Cautions() {
		if !slices.Contains(before.Cautions(), text) {
			p.log.Warn().Msg(text)
		}
	}
	if now.AnyName() && !before.AnyName() {
		p.log.Warn().Msg("TLSConfig.VerifyServerName is false: any holder of a certificate of the CA can pass for a server")
	}
}
