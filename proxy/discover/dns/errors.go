package dns

import (
	"errors"
	"fmt"
	"strings"
)

// Why a name led to no server. Each is reached with errors.Is from the error of
// Discover.
var (
	// ErrNoSuchName says that the name does not exist (NXDOMAIN).
	ErrNoSuchName = errors.New("no such name (NXDOMAIN)")
	// ErrNoData says that the name exists and has no record of the type.
	ErrNoData = errors.New("the name has no such record")
	// ErrNotOffered says that the SRV record's target is the root: the service is
	// decidedly not available there.
	ErrNotOffered = errors.New(`the service is not offered there (its SRV target is ".")`)
	// ErrUnusable says that there are records and nothing in them can be dialed:
	// port 0, or addresses that are unspecified or multicast.
	ErrUnusable = errors.New("nothing in the records can be dialed")
	// ErrServerFailure says that the resolver failed (SERVFAIL, or any other code
	// that has no sentinel here).
	ErrServerFailure = errors.New("the resolver failed (SERVFAIL)")
	// ErrRefused says that the resolver does not answer such questions (REFUSED).
	ErrRefused = errors.New("the resolver refuses the question (REFUSED)")
	// ErrMalformed says that what came back is no answer to the question.
	ErrMalformed = errors.New("the resolver's answer makes no sense")
	// ErrTruncated says that the answer needs TCP, and that TCP failed.
	ErrTruncated = errors.New("the answer does not fit into a packet and could not be had over TCP")
	// ErrUnreachable says that the resolver could not be reached.
	ErrUnreachable = errors.New("the resolver cannot be reached")
	// ErrTimeout says that it did not answer within Config.Timeout.
	ErrTimeout = errors.New("the resolver did not answer in time")
	// ErrInterrupted says that the context ended first; its cause is beside it.
	ErrInterrupted = errors.New("given up")
)

// LookupError says why one question led to no server.
type LookupError struct {
	Name     string // as configured
	Target   string // of an SRV record, if it was resolved and not Name
	Type     string // what was asked for: "A/AAAA" or "SRV"
	Resolver string // who was asked; empty if nobody was
	Reason   error  // one of the sentinels
	Err      error  // what there is to add, a *net.DNSError most often; may be nil
}

// Error says everything but what Reason says already.
func (e *LookupError) Error() string {
	var b strings.Builder
	b.WriteString(e.Name)
	if e.Target != "" {
		b.WriteString(" (target " + e.Target + ")")
	}
	b.WriteString(", " + e.Type)
	if e.Resolver != "" {
		b.WriteString(" at " + e.Resolver)
	}
	b.WriteString(": " + e.Reason.Error())
	if d, ok := errors.AsType[*detail](e.Err); ok {
		fmt.Fprintf(&b, ": %v", d)
	}
	return b.String()
}

// Unwrap gives the reason and the cause.
func (e *LookupError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.Err}
}

// detail is what a LookupError says behind its reason.
type detail struct{ error }

func (d *detail) Unwrap() error { return d.error }

// shown is how many failures the text of a NoServersError has.
const shown = 8

// NoServersError says that no name led to a server.
type NoServersError struct {
	Lookups []*LookupError // in the order of the names; never empty
}

// Error names each name and why, up to eight.
func (e *NoServersError) Error() string {
	var b strings.Builder
	b.WriteString("dns: no server found")
	for i, l := range e.Lookups[:min(len(e.Lookups), shown)] {
		b.WriteString([]string{": ", "; "}[min(i, 1)] + l.Error())
	}
	if more := len(e.Lookups) - shown; more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	return b.String()
}

// Unwrap gives each *LookupError.
func (e *NoServersError) Unwrap() []error {
	errs := make([]error, len(e.Lookups))
	for i, l := range e.Lookups {
		errs[i] = l
	}
	return errs
}
