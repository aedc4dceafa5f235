package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// trial is how servers took credentials.
type trial struct {
	taken   bool
	refused error // by the first that refused; they all did, or could not be asked
	unheard error // the first that could not be asked
}

// nobody says whether there was no server to ask.
func (t trial) nobody() bool { return !t.taken && t.refused == nil && t.unheard == nil }

// askable are the servers that credentials are tried on, and those that are left for
// when none of these says anything.
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
	second.unheard = cmp.Or(t.unheard, second.unheard)
	return second
}

// tried is the verdict of a single try: nil too if no server could be asked.
func (p *Pool) tried(ctx context.Context, creds *credentials) error {
	t := p.try(ctx, creds)
	switch {
	case t.taken:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case t.refused != nil:
		return fmt.Errorf("pool: TLS stays as it was: %w", t.refused)
	case t.unheard != nil:
		p.cfg.Logger.Warn().Err(t.unheard).Msg("no server could be asked about new TLS credentials: they are taken untried")
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
			t.unheard = cmp.Or(t.unheard, err)
		default:
			t.refused = cmp.Or(t.refused, err)
		}
	}
	return t
}

// maxTrials is how many dials there may be at once to try credentials, which have slots
// of their own: an answer is wanted although the address is in back-off, for that may be
// due to the credentials in force.
const maxTrials = 4

// tryDial dials addr with creds when it is its turn.
func (p *Pool) tryDial(ctx context.Context, addr string, creds *credentials) (*connection, error) {
	select {
	case p.trials <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-p.trials }()
	return p.dialWith(ctx, addr, 0, creds)
}

// refuses says whether a dial failed for the sake of the credentials.
func refuses(err error) bool {
	_, is := errors.AsType[*TLSError](err)
	return is
}

// maxRefusing is how many servers that refuse the credentials are remembered.
const maxRefusing = 8

// heard notes how a dial ended: which server was reached last, and which ones,
// the last first, refused the credentials in force when they were dialed last.
func (o *owner) heard(addr string, err error) {
	p := o.pool
	if err == nil {
		p.reached.Store(&addr)
	}
	next := slices.DeleteFunc(slices.Clone(*p.refusing.Load()), func(a string) bool { return a == addr })
	if refuses(err) {
		next = slices.Insert(next, 0, addr)
		next = next[:min(len(next), maxRefusing)]
	}
	p.refusing.Store(&next)
	if err == nil || refuses(err) {
		p.offered.Load().event()
		p.watching.Load().event()
	}
}
