package dns

import (
	"errors"
	"fmt"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Why a name led to no server. Each is reached with errors.Is from the error of
// Discover.
var (
	// ErrNoSuchName means that the name does not exist (NXDOMAIN).
	ErrNoSuchName = errors.New("no such name (NXDOMAIN)")
	// ErrNoData means that the name exists and has no record of the type.
	ErrNoData = errors.New("the name has no such record")
	// ErrNotOffered means that the SRV record's target is the root, by which a domain declares
	// that it does not have the service.
	ErrNotOffered = errors.New(`the service is not offered there (its SRV target is ".")`)
	// ErrUnusable means that there are records and none can be dialed: they have port 0,
	// or addresses that are unspecified or multicast.
	ErrUnusable = errors.New("nothing in the records can be dialed")
	// ErrServerFailure means that the resolver failed (SERVFAIL, or any other code
	// that has no sentinel here).
	ErrServerFailure = errors.New("the resolver failed (SERVFAIL)")
	// ErrRefused means that the resolver does not answer such questions (REFUSED).
	ErrRefused = errors.New("the resolver refuses the question (REFUSED)")
	// ErrMalformed means that the resolver's message is no answer to the query.
	ErrMalformed = errors.New("the resolver's answer makes no sense")
	// ErrTruncated means that the answer needs TCP, and that TCP failed.
	ErrTruncated = errors.New("the answer does not fit into a packet and could not be had over TCP")
	// ErrUnreachable means that the resolver could not be reached.
	ErrUnreachable = errors.New("the resolver cannot be reached")
	// ErrTimeout means that it did not answer within Config.Timeout.
	ErrTimeout = errors.New("the resolver did not answer in time")
	// ErrInterrupted means that the context ended first; its cause is joined to it.
	ErrInterrupted = errors.New("given up")
)

// LookupError is why one query was not answered, or led to no server.
type LookupError struct {
	Name     string // as configured
	Target   string // of an SRV record, if it was resolved and not Name
	Type     string // of the record: "A/AAAA" or "SRV"
	Resolver string // that was asked; empty if none was
	Reason   error  // one of the sentinels
	Kept     int    // how many records of the last good answer are used in place of one; 0: none is known
	Err      error  // the cause, a *net.DNSError most often; may be nil
}

// Error adds the cause only where it tells more than Reason.
func (e *LookupError) Error() string {
	var b strings.Builder
	b.WriteString(printable.Name(e.Name))
	if e.Target != "" {
		b.WriteString(" (target " + printable.Name(e.Target) + ")")
	}
	b.WriteString(", " + printable.Name(e.Type))
	if e.Resolver != "" {
		b.WriteString(" at " + printable.Name(e.Resolver))
	}
	b.WriteString(": " + contain.Text(e.Reason))
	if d, ok := errors.AsType[*detail](e.Err); ok {
		b.WriteString(": " + d.Error())
	}
	if e.Kept > 0 {
		fmt.Fprintf(&b, " (%d records of the last good answer are kept)", e.Kept)
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

// detail is an error that LookupError.Error adds to the reason.
type detail struct{ error }

func (d *detail) Error() string { return contain.Text(d.error) }

func (d *detail) Unwrap() error { return d.error }

// shown is how many failures the text of a NoServersError has.
const shown = 8

// NoServersError reports that no name led to a server.
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
