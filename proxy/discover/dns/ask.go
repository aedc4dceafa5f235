package dns

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/edns"
)

// The types of questions.
const (
	typeAddress = "A/AAAA"
	typeService = "SRV"
)

// subject is the name and type that a question is about.
type subject struct {
	name, host, kind string
	target           string // of an SRV record; empty if it is about name itself
}

// failed is the error of a question about s.
func (s subject) failed(resolver string, reason, cause error) *LookupError {
	return &LookupError{Name: s.name, Target: s.target, Type: s.kind, Resolver: resolver, Reason: reason, Err: cause}
}

// asker has the resolvers to ask.
type asker struct {
	resolvers []string // empty: those of the system
	timeout   time.Duration
	attempts  int
	good      *atomic.Uint32  // index of the resolver that answered last
	known     *memory         // good answers
	plain     *edns.Resolvers // those that do not know EDNS
}

// ask sends a question to one resolver after the other until one answers. When none does,
// the last good answer counts in place of one, and the failures say so; at least one of
// the results is not empty.
func ask[T any](ctx context.Context, l lookup, s subject, look func(context.Context, *net.Resolver) ([]T, error)) ([]T, []*LookupError) {
	m := l.asker.known
	found, failed := askAll(ctx, l, s, look)
	if len(failed) == 0 {
		found = found[:min(len(found), maxServers)]
		m.learn(s, found, time.Now())
		return found, nil
	}
	last := failed[len(failed)-1]
	if final(last) && !errors.Is(last, ErrInterrupted) {
		m.lose(s)
		return nil, failed
	}
	if k, ok := m.find(s, time.Now()); ok {
		records, _ := k.records.([]T) // the kind of the question says which
		for _, f := range failed {
			f.Kept = len(records)
		}
		return records, failed
	}
	return nil, failed
}

// askAll sends a question to one resolver after the other until one answers. That a name
// does not exist is an answer; if it was known, the other resolvers are asked once too.
// Exactly one of the results is empty. The failures are those of the last attempt, one
// for each resolver, or the one that is final.
func askAll[T any](ctx context.Context, l lookup, s subject, look func(context.Context, *net.Resolver) ([]T, error)) ([]T, []*LookupError) {
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		return nil, []*LookupError{s.failed("", ErrInterrupted, &detail{context.Cause(ctx)})}
	}
	a := l.asker
	if len(a.resolvers) == 0 {
		e := &exchanges{timeout: a.timeout, plain: a.plain}
		found, err := look(ctx, e.resolver(ctx))
		if err == nil || len(found) > 0 {
			return answer(s, "", found)
		}
		return nil, []*LookupError{e.explain(ctx, s, err)}
	}
	begin := int(a.good.Load())
	failed := make([]*LookupError, len(a.resolvers))
	_, known := a.known.find(s, time.Now())
	var gone *LookupError
	for range a.attempts {
		for i := range failed {
			at := (begin + i) % len(failed)
			e := &exchanges{timeout: a.timeout, plain: a.plain, server: a.resolvers[at]}
			limited, stop := context.WithTimeout(ctx, a.timeout)
			found, err := look(limited, e.resolver(limited))
			stop()
			if err == nil || len(found) > 0 {
				a.good.Store(uint32(at))
				return answer(s, e.server, found)
			}
			failure := e.explain(ctx, s, err)
			if final(failure) && !errors.Is(failure, ErrInterrupted) && gone == nil {
				a.good.Store(uint32(at))
				gone = failure
			}
			if gone != nil && (!known || errors.Is(failure, ErrInterrupted)) {
				return nil, []*LookupError{gone}
			}
			if errors.Is(failure, ErrInterrupted) {
				return nil, []*LookupError{failure}
			}
			failed[at] = failure
			if errors.Is(failure, ErrTimeout) {
				a.good.CompareAndSwap(uint32(at), uint32((at+1)%len(failed))) // the next one is asked first from now on
			}
		}
		if gone != nil {
			return nil, []*LookupError{gone}
		}
	}
	return nil, failed
}

// answer is the result of a question that was answered.
func answer[T any](s subject, resolver string, found []T) ([]T, []*LookupError) {
	if len(found) == 0 {
		return nil, []*LookupError{s.failed(resolver, ErrNoData, nil)}
	}
	return found, nil
}

// final reports whether another resolver would give the same answer.
func final(e *LookupError) bool {
	return errors.Is(e, ErrNoSuchName) || errors.Is(e, ErrNoData) || errors.Is(e, ErrInterrupted)
}

// explain returns why the look-up that ended with err failed, by its exchanges: the errors
// of package net tell several causes apart by their text only.
func (e *exchanges) explain(ctx context.Context, s subject, err error) *LookupError {
	worst := e.worst.Load()
	d, isDNS := errors.AsType[*net.DNSError](err)
	switch hurried := e.unasked.Load() || isDNS && d.IsTimeout; {
	case hurried && (worst == nil || worst.reason == noData): // of two questions, only one may have been asked
		worst = &finding{reason: timedOut, server: e.server}
	case worst == nil: // it was settled without asking
		worst = &finding{reason: noSuchName, server: e.server}
	}
	dnsErr := &net.DNSError{Err: err.Error(), Name: s.host, Server: worst.server}
	if isDNS {
		*dnsErr = *d
		dnsErr.Server = worst.server // net names the one that the system has
	}
	switch {
	case over(ctx):
		return s.failed(worst.server, ErrInterrupted, &detail{context.Cause(ctx)})
	case worst.reason == noData && !dnsErr.IsNotFound:
		return s.failed(worst.server, ErrMalformed, &detail{dnsErr})
	case worst.err != nil:
		return s.failed(worst.server, reasons[worst.reason], errors.Join(&detail{worst.err}, dnsErr))
	}
	return s.failed(worst.server, reasons[worst.reason], dnsErr)
}

// over reports whether ctx has ended. It waits for a ctx whose deadline has passed: the
// deadlines of sockets may be earlier by a moment.
func over(ctx context.Context) bool {
	if d, ok := ctx.Deadline(); ok && !time.Now().Before(d) {
		<-ctx.Done()
	}
	return ctx.Err() != nil
}
