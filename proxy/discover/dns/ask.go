package dns

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"
)

// What is asked for.
const (
	typeAddress = "A/AAAA"
	typeService = "SRV"
)

// subject is what a question is about.
type subject struct {
	name, host, kind string
	target           string // of an SRV record; empty if it is about name itself
}

// failed is the error of a question about s.
func (s subject) failed(resolver string, reason, why error) *LookupError {
	return &LookupError{Name: s.name, Target: s.target, Type: s.kind, Resolver: resolver, Reason: reason, Err: why}
}

// asker knows whom to ask.
type asker struct {
	resolvers []string // none: those of the system
	timeout   time.Duration
	attempts  int
	good      *atomic.Uint32 // index of the resolver that had an answer last
}

// ask puts a question to one resolver after the other until one has an answer.
// Exactly one of the results is empty. The failures are those of the last
// attempt, one for each resolver, or the one that settles it.
func ask[T any](ctx context.Context, l lookup, s subject, look func(context.Context, *net.Resolver) ([]T, error)) ([]T, []*LookupError) {
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		return nil, []*LookupError{s.failed("", ErrInterrupted, &detail{context.Cause(ctx)})}
	}
	a := l.asker
	if len(a.resolvers) == 0 {
		e := &exchanges{timeout: a.timeout}
		found, err := look(ctx, e.resolver(ctx))
		if err == nil || len(found) > 0 {
			return answer(s, "", found)
		}
		return nil, []*LookupError{e.explain(ctx, s, err)}
	}
	begin := int(a.good.Load())
	failed := make([]*LookupError, len(a.resolvers))
	for range a.attempts {
		for i := range failed {
			at := (begin + i) % len(failed)
			e := &exchanges{timeout: a.timeout, server: a.resolvers[at]}
			limited, stop := context.WithTimeout(ctx, a.timeout)
			found, err := look(limited, e.resolver(limited))
			stop()
			if err == nil || len(found) > 0 {
				a.good.Store(uint32(at))
				return answer(s, e.server, found)
			}
			why := e.explain(ctx, s, err)
			if settled(why) {
				if !errors.Is(why, ErrInterrupted) {
					a.good.Store(uint32(at))
				}
				return nil, []*LookupError{why}
			}
			failed[at] = why
			if errors.Is(why, ErrTimeout) {
				a.good.CompareAndSwap(uint32(at), uint32((at+1)%len(failed))) // the next one is asked first from now on
			}
		}
	}
	return nil, failed
}

// answer is what was found, if that is anything.
func answer[T any](s subject, resolver string, found []T) ([]T, []*LookupError) {
	if len(found) == 0 {
		return nil, []*LookupError{s.failed(resolver, ErrNoData, nil)}
	}
	return found, nil
}

// settled says whether another resolver would not know better.
func settled(e *LookupError) bool {
	return errors.Is(e, ErrNoSuchName) || errors.Is(e, ErrNoData) || errors.Is(e, ErrInterrupted)
}

// explain says why the lookup that ended with err failed: what was seen on the
// wire, for package net tells several causes by their text alone.
func (e *exchanges) explain(ctx context.Context, s subject, err error) *LookupError {
	worst := e.worst.Load()
	if worst == nil { // nobody was asked: it was settled without, or it was too late
		worst = &finding{reason: noSuchName, server: e.server}
		if d, ok := errors.AsType[*net.DNSError](err); ok && d.IsTimeout {
			worst.reason = timedOut
		}
	}
	said := &net.DNSError{Err: err.Error(), Name: s.host, Server: worst.server}
	if d, ok := errors.AsType[*net.DNSError](err); ok {
		*said = *d
		said.Server = worst.server // net names the one that the system has
	}
	switch {
	case over(ctx):
		return s.failed(worst.server, ErrInterrupted, &detail{context.Cause(ctx)})
	case worst.reason == noData && !said.IsNotFound:
		return s.failed(worst.server, ErrMalformed, &detail{said})
	case worst.err != nil:
		return s.failed(worst.server, reasons[worst.reason], errors.Join(&detail{worst.err}, said))
	}
	return s.failed(worst.server, reasons[worst.reason], said)
}

// over says whether ctx has ended, or would have if its timer were as quick as
// the deadlines of sockets.
func over(ctx context.Context) bool {
	if d, ok := ctx.Deadline(); ok && !time.Now().Before(d) {
		<-ctx.Done()
	}
	return ctx.Err() != nil
}
