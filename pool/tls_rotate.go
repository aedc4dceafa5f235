package pool

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/pool/internal/core"
)

// offer is credentials that are to come into force.
type offer struct {
	next    *credentials
	lasting bool               // of OfferTLS: until they are taken
	serial  uint64             // among SetTLS and OfferTLS; the owner gives it
	by      *offering          // whose trial took them; nil: of SetTLS
	reply   actor.Reply[error] // of the caller; zero: none waits
}

// SetTLS replaces the credentials: cfg is read, tried on a server, and then used for every
// new session. The sessions in use are replaced one by one, each when its successor is up,
// and end once they carry no call or stream: none is interrupted. Only if cfg withdraws
// trust, by an authority that is gone or another server's name, they end after
// Config.DrainTimeout, with the calls on them (ErrDrained). nil is plain TCP. An offer of
// OfferTLS ends with that.
//
// It is tried once, on the servers of the sessions and on the last one that was reached,
// until one takes it. A server that cannot be reached, or does not answer, does not count:
// if no other answers, it is tried on those that last refused the credentials in force, up
// to 8; and if no server can be asked, or none was ever reached, it is taken untried. So
// SetTLS blocks for up to Config.DialTimeout per server, or until ctx ends, which ends only
// the waiting: the credentials may still come into force. Any other error leaves everything
// as it was, those on offer included. It is ctx.Err, a *TLSConfigError, ErrStopped, or that
// of the first server that refused it, a *DialError around a *TLSError.
func (p *Pool) SetTLS(ctx context.Context, cfg *TLSConfig) error {
	next, err := cfg.load(time.Now())
	if err != nil {
		return err
	}
	return p.secure(ctx, &offer{next: next})
}

// OfferTLS is SetTLS that does not give up: cfg is read at once, and then tried on the
// servers that SetTLS asks until one of them takes it; only then is it in force. It is
// tried at once, after 5 s, and then less and less often, at least every 5 min; within
// seconds when a session comes up or a server refuses the credentials in force. With
// cfg.Watch its files are read again meanwhile, and their contents are on offer then. A
// refusal is logged once, with the reason, and so is the end. If no server was ever
// reached, nor refused this side, it is taken untried; if none can be asked, it waits.
//
// A later OfferTLS takes its place, and a later SetTLS that is taken ends it. The
// credentials in force stay, their files watched, until it is taken; see OfferedTLS. It
// does not wait for any server; the error is a *TLSConfigError, or ErrStopped, and leaves
// everything as it was.
func (p *Pool) OfferTLS(cfg *TLSConfig) error {
	next, err := cfg.load(time.Now())
	if err != nil {
		return err
	}
	return p.secure(context.Background(), &offer{next: next, lasting: true})
}

// OfferedTLS reports whether credentials are on offer that no server has taken yet, of
// OfferTLS or of files that have changed (TLSConfig.Watch), and why not: the first
// refusal when they were tried last, or why no server could be asked; nil before they
// were. It neither blocks nor allocates.
func (p *Pool) OfferedTLS() (pending bool, untaken error) {
	for _, o := range [...]*offering{p.offered.Load(), p.watching.Load()} {
		if o == nil || !o.pending.Load() {
			continue
		}
		if refusal := o.untaken.Load(); refusal != nil {
			return true, *refusal
		}
		pending = true
	}
	return pending, nil
}

// secure brings an offer to the owner and waits for its answer.
func (p *Pool) secure(ctx context.Context, of *offer) error {
	refused, err := actor.Ask(ctx, p.actor.Ref, func(r actor.Reply[error]) mail {
		of.reply = r
		return mail{offer: of}
	})
	return cmp.Or(err, refused)
}

// secure tries, in a goroutine of its own, whether a server takes an offer, or starts an
// offering. It returns the message for the core, if the offer is in force already.
func (o *owner) secure(of *offer) core.Message {
	p := o.pool
	o.serial++
	of.serial = o.serial
	if !of.lasting {
		o.self.Go(func(ctx context.Context) {
			err := p.tried(ctx, of.next)
			_ = o.tell(ctx, mail{Message: core.Secured{Reply: of.reply, Err: err}, offer: of})
		})
		return nil
	}
	if first, others := p.askable(); len(first)+len(others) == 0 {
		taken := core.Secured{Reply: of.reply}
		o.enforce(taken, of)
		return taken
	}
	var files *TLSConfig
	if of.next != nil {
		files = &of.next.from
	}
	next := p.newOffering(files)
	next.serial, next.next = of.serial, of.next
	next.pending.Store(true)
	if before := p.offered.Swap(next); before != nil {
		before.end()
	}
	o.start(next)
	of.reply.Send(nil)
	return nil
}

// start runs an offering in a goroutine of its own.
func (o *owner) start(of *offering) {
	o.self.Go(func(ctx context.Context) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		defer context.AfterFunc(of.over, stop)()
		if of.run(ctx) {
			_ = o.tell(ctx, mail{Message: core.Secured{}, offer: &offer{next: of.next, lasting: of.inForce == nil, serial: of.serial, by: of}})
		}
	})
}

// enforce puts an offer that a server took into force. It reports false if the offer has
// ended, or later credentials are in force already.
func (o *owner) enforce(m core.Secured, of *offer) bool {
	p := o.pool
	if of.by != nil && of.by.over.Err() != nil {
		return false
	}
	if m.Err != nil {
		return true
	}
	watched := of.by != nil && of.by.inForce != nil
	if !watched {
		if of.serial < o.inForce {
			m.Reply.Send(nil) // as if they had come first
			return false
		}
		o.inForce = of.serial
	}
	if on := p.offered.Load(); on != nil && !watched && on.serial <= of.serial {
		on.end()
		p.offered.Store(nil)
	}
	before := p.creds.Swap(of.next)
	o.watch()
	p.log.Info().Bool("watched", watched).Bool("offered", of.lasting).Msg("TLS credentials replaced")
	p.caution(before, of.next)
	return true
}

// caution logs that the names of servers are not verified from now on.
func (p *Pool) caution(before, now *credentials) {
	if now.anyName() && !before.anyName() {
		p.log.Warn().Msg("TLSConfig.VerifyServerName is false: any holder of a certificate of the CA can pass for a server")
	}
}

// askable are the servers that credentials are tried on, and those to try when none of
// these answers.
func (p *Pool) askable() (first, others []string) {
	first = slices.Sorted(maps.Keys(*p.table.Load()))
	if last := p.reached.Load(); last != nil && !slices.Contains(first, *last) {
		first = append(first, *last)
	}
	return first, *p.refusing.Load()
}

// try greets servers with creds until one answers.
func (p *Pool) try(ctx context.Context, creds *credentials) trial {
	first, others := p.askable()
	t := p.greetAny(ctx, first, creds)
	if t.taken || t.refused != nil {
		return t
	}
	second := p.greetAny(ctx, others, creds)
	second.unreached = cmp.Or(t.unreached, second.unreached)
	return second
}

// tried is the result of a single try: nil too if no server could be asked.
func (p *Pool) tried(ctx context.Context, creds *credentials) error {
	t := p.try(ctx, creds)
	switch {
	case t.taken:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case t.refused != nil:
		return fmt.Errorf("pool: TLS stays as it was: %w", t.refused)
	case t.unreached != nil:
		p.log.Warn().Err(t.unreached).Msg("no server could be asked about new TLS credentials: they are taken untried")
	}
	return nil
}

// greetAny greets servers with creds, one after the other, until one takes them.
func (p *Pool) greetAny(ctx context.Context, servers []string, creds *credentials) (t trial) {
	for _, addr := range servers {
		s, err := p.tryDial(ctx, addr, creds)
		switch {
		case err == nil:
			s.Abort(ErrRenewed)
			return trial{taken: true}
		case !refuses(err):
			t.unreached = cmp.Or(t.unreached, err)
		default:
			t.refused = cmp.Or(t.refused, err)
		}
	}
	return t
}

// maxTrials is how many dials may try credentials at once. They have slots of their own:
// the address may be in back-off because of the credentials in force.
const maxTrials = 4

// tryDial dials addr with creds when a trial is free.
func (p *Pool) tryDial(ctx context.Context, addr string, creds *credentials) (*connection, error) {
	select {
	case p.trials <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-p.trials }()
	return p.dialWith(ctx, addr, 0, creds)
}

// newOffering makes an offering that reads the files of cfg, and offers nothing yet.
func (p *Pool) newOffering(cfg *TLSConfig) *offering {
	o := &offering{log: p.log, from: cfg, try: p.try, events: make(chan struct{}, 1)}
	o.over, o.end = context.WithCancel(context.Background())
	return o
}

// watch watches the files of the credentials in force, in place of those before.
func (o *owner) watch() {
	p := o.pool
	if before := p.watching.Swap(nil); before != nil {
		before.end()
	}
	inForce := p.creds.Load()
	if inForce == nil || inForce.from.Watch == 0 {
		return
	}
	w := p.newOffering(&inForce.from)
	w.inForce = inForce
	p.watching.Store(w)
	o.start(w)
}
