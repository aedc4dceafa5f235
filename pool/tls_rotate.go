package pool

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/open-nomad/rpcproxy/actor"
	"github.com/open-nomad/rpcproxy/pool/internal/credentials"
)

// SetTLS replaces the credentials: cfg is read, and then used for every new session. nil is
// plain TCP. Its two sides are treated apart.
//
// What servers must show to be trusted (the CA, the name or region, VerifyServerName,
// MinVersion, CipherSuites) is in force at once, whatever any server says: one that is no
// longer trusted has no say in it. Each session's server is verified again, by what it showed
// when the session was made. One that is not trusted any more is dialed anew, and left if that
// does not make a session; the session ends Config.DrainTimeout after the change at the latest,
// with the calls on it (ErrDrained).
//
// The certificate of this side, if it is another one, is judged by servers that are trusted
// now. It is tried once, on the servers of the sessions and on the last one that was reached,
// until one takes it. A server that cannot be reached, does not answer, hangs up before the
// handshake is over, or is not trusted, does not count: if no other answers, it is tried on
// those that last refused the credentials in force, up to 8; and if no server can be asked, or
// none was ever reached, it is taken untried. So SetTLS blocks for up to Config.DialTimeout per
// server. If it is refused, the certificate before stays. Plain TCP in place of TLS is tried
// as a whole, and refused if a server hangs up on it.
//
// The sessions in use are replaced one by one, each when its successor is up, and end once
// they carry no call or stream: none is interrupted, but for trust that was withdrawn. An
// offer of OfferTLS ends when cfg is taken, or is trusted by other servers.
//
// The error is a *TLSConfigError, ErrStopped, ctx.Err, or that of the first server that
// refused, a *DialError around a *TLSError; then its text says whether what servers must show
// has changed. A *TLSConfigError, or ErrStopped, leaves everything as it was.
func (p *Pool) SetTLS(ctx context.Context, cfg *TLSConfig) error {
	next, err := cfg.load()
	if err != nil {
		return err
	}
	ctx = p.guarded(ctx)
	return p.secure(ctx, &offer{next: next, ctx: ctx})
}

// OfferTLS is SetTLS that does not give up: cfg is read at once, what servers must show is in
// force at once, and then the certificate is tried on the servers that SetTLS asks until one of
// them takes it. It is tried at once, after 5 s, and then less and less often, at least every 5
// min; within seconds when a session comes up or a server refuses the credentials in force. With
// cfg.Watch its files are read again meanwhile, and their contents are on offer then. A
// refusal is logged once, with the reason, and so is the end. If no server was ever
// reached, nor refused this side, it is taken untried; if none can be asked, it waits.
//
// While it waits, the certificate in force stays; but where trust was withdrawn the new one is
// used with the new trust until a server refuses it. A later OfferTLS takes its place, and a
// later SetTLS that is taken ends it; see OfferedTLS. It does not wait for any server; the error
// is a *TLSConfigError, or ErrStopped, and leaves everything as it was.
func (p *Pool) OfferTLS(cfg *TLSConfig) error {
	next, err := cfg.load()
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
	for _, o := range [...]*credentials.Offering{p.offered.Load(), p.watching.Load()} {
		on, why := o.Pending()
		if why != nil {
			return true, why
		}
		pending = pending || on
	}
	return pending, nil
}

// secure brings an offer to the owner and waits for its answer.
func (p *Pool) secure(ctx context.Context, of *offer) error {
	refused, err := actor.Ask(ctx, p.actor.Ref, func(r actor.Reply[error]) *mail {
		of.reply = r
		return &mail{offer: of}
	})
	return cmp.Or(err, refused)
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
func (p *Pool) try(ctx context.Context, creds *credentials.Credentials) credentials.Trial {
	first, others := p.askable()
	t := p.greetAny(ctx, first, creds)
	if t.Taken || t.Refused != nil {
		return t
	}
	second := p.greetAny(ctx, others, creds)
	second.Unreached = cmp.Or(t.Unreached, second.Unreached)
	return second
}

// tried is why a single try did not take creds: nil too if no server could be asked.
func (p *Pool) tried(ctx context.Context, creds *credentials.Credentials) error {
	t := p.try(ctx, creds)
	switch {
	case t.Taken:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case t.Refused != nil:
		return t.Refused
	case t.Unreached != nil:
		p.log.Warn().Err(t.Unreached).Msg("no server could be asked about new TLS credentials: they are taken untried")
	}
	return nil
}

// greetAny greets servers with creds, one after the other, until one takes them.
func (p *Pool) greetAny(ctx context.Context, servers []string, creds *credentials.Credentials) (t credentials.Trial) {
	for _, addr := range servers {
		s, err := p.tryDial(ctx, addr, creds)
		switch {
		case err == nil:
			s.Abort(ErrRenewed)
			return credentials.Trial{Taken: true}
		case !credentials.RefusesOurs(err):
			t.Unreached = cmp.Or(t.Unreached, err)
		default:
			t.Refused = cmp.Or(t.Refused, err)
		}
	}
	return t
}

// maxTrials is how many dials may try credentials at once. They have slots of their own:
// the address may be in back-off because of the credentials in force.
const maxTrials = 4

// tryDial dials addr with creds when a trial is free.
func (p *Pool) tryDial(ctx context.Context, addr string, creds *credentials.Credentials) (*connection, error) {
	select {
	case p.trials <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-p.trials }()
	return p.dialWith(ctx, addr, 0, creds)
}
