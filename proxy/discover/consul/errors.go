package consul

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Why no server was found. Each is reached with errors.Is from the error of
// [Discoverer.Discover].
var (
	// ErrDisabled means that discovery through Consul is switched off.
	ErrDisabled = errors.New("consul: discovery is switched off (Config.Disabled)")

	// ErrNoServers means that a datacenter, or all of Consul, has no such service.
	ErrNoServers = errors.New("no servers are registered")

	// ErrUnusable means that no entry of a datacenter has an address and a port that
	// can be dialed.
	ErrUnusable = errors.New("no entry can be used")

	// ErrPermissionDenied means that Consul's ACLs do not let the token see the
	// servers, or that it does not know the token.
	ErrPermissionDenied = errors.New("permission denied")

	// ErrNoLeader means that Consul's servers have no leader.
	ErrNoLeader = errors.New("no cluster leader")

	// ErrUnreachable means that no answer came, or only its beginning.
	ErrUnreachable = errors.New("no answer")

	// ErrMalformed means that the answer is none of Consul's API.
	ErrMalformed = errors.New("malformed answer")

	// ErrTooLarge means that the answer exceeds the bounds of the package comment.
	ErrTooLarge = errors.New("the answer is too large")
)

// errHidden is the error for an ACL that hides a service: Consul (1.20.1, agent/http.go,
// setResultsFilteredByACLs) answers with an empty success and a header.
var errHidden = fmt.Errorf("%w: the ACLs of the token hide what is registered: it needs service:read and node:read", ErrPermissionDenied)

// Error is a request that led to no server.
type Error struct {
	Path       string // of the API, such as /v1/catalog/datacenters
	Datacenter string // the one asked, or empty
	Status     int    // of the answer, or 0 if there was none
	Err        error  // a sentinel, the context's error, or Consul's text

	// RetryAfter is how long Consul asks not to be asked again (the header Retry-After of an
	// error), 5 minutes at most; 0: it does not. For so long, and up to a quarter more by
	// chance, a Discoverer returns this error without a request.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	return "consul: GET " + printable.Text(e.Path) + e.where() + e.reason()
}

// where names the datacenter.
func (e *Error) where() string {
	if e.Datacenter == "" {
		return ""
	}
	return " in datacenter " + printable.Quote(e.Datacenter, printable.MaxName)
}

// reason is the cause, behind a colon.
func (e *Error) reason() string {
	if e.Status == 0 || e.Status == 200 {
		return ": " + contain.Text(e.Err)
	}
	if e.RetryAfter > 0 {
		return fmt.Sprintf(": status %d: %s: it asks to be left alone for %v", e.Status, contain.Text(e.Err), e.RetryAfter)
	}
	return fmt.Sprintf(": status %d: %s", e.Status, contain.Text(e.Err))
}

func (e *Error) Unwrap() error { return e.Err }

// WalkError has, for each datacenter that was asked, why it led to no server.
type WalkError struct {
	Errs []*Error // in the order of asking, nine at most; empty: Consul knows no datacenter
}

// Error names the datacenters, one line each.
func (e *WalkError) Error() string {
	switch len(e.Errs) {
	case 0:
		return "consul: no servers found: Consul names no datacenter"
	case 1:
		return e.Errs[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "consul: no servers found in %d datacenters (GET %s)", len(e.Errs), printable.Text(e.Errs[0].Path))
	for _, err := range e.Errs {
		b.WriteString("\n\t" + printable.Quote(err.Datacenter, printable.MaxName) + err.reason())
	}
	return b.String()
}

// Unwrap gives each *Error, or ErrNoServers if no datacenter was asked.
func (e *WalkError) Unwrap() []error {
	if len(e.Errs) == 0 {
		return []error{ErrNoServers}
	}
	errs := make([]error, len(e.Errs))
	for i, err := range e.Errs {
		errs[i] = err
	}
	return errs
}
