package status

import (
	"slices"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// clean replaces what is secret by its form in texts that came from outside: errors of servers,
// addresses where a token was given by mistake.
func clean(texts ...*string) {
	for _, t := range texts {
		*t = printable.WithoutTokens(*t)
	}
}

// withoutTokens is a snapshot that is about to be shown. Its slices are its own.
func withoutTokens(s proxy.Snapshot) proxy.Snapshot {
	clean(&s.Active, &s.Reason, &s.Leader, &s.Fault)
	for i := range s.Servers {
		v := &s.Servers[i]
		clean(&v.Addr, (*string)(&v.Source))
	}
	for i := range s.Sessions {
		clean(&s.Sessions[i].Server)
	}
	for i := range s.Moves {
		clean(&s.Moves[i].From, &s.Moves[i].To)
	}
	for i := range s.Counts.Discoveries {
		clean((*string)(&s.Counts.Discoveries[i].Source))
	}
	if s.Heartbeat != nil {
		clean(&s.Heartbeat.Server)
	}
	return s
}

// decisionWithoutTokens is a decision that is about to be shown. Its slices are shared.
func decisionWithoutTokens(d proxy.Decision) proxy.Decision {
	clean(&d.Server, &d.Cause, &d.Active, &d.Reason)
	d.Did = slices.Clone(d.Did)
	for i := range d.Did {
		a := &d.Did[i]
		clean(&a.Server, &a.Next, &a.Text)
		a.Others = slices.Clone(a.Others)
		for j := range a.Others {
			clean(&a.Others[j])
		}
	}
	return d
}

// explanationWithoutTokens is an explanation that is about to be shown. Its slices are its own.
func explanationWithoutTokens(e proxy.Explanation) proxy.Explanation {
	clean(&e.Active, &e.Reason, &e.Leader)
	for i := range e.Servers {
		s := &e.Servers[i]
		s.Addr, s.Source = printable.WithoutTokens(s.Addr), messages.Source(printable.WithoutTokens(string(s.Source)))
	}
	for i := range e.Decisions {
		e.Decisions[i] = decisionWithoutTokens(e.Decisions[i])
	}
	return e
}
