package pool

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/pool/internal/credentials"
	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
)

// stated is the server and the phase that the text around an error's names already: most
// errors of the network repeat them.
type stated struct {
	server string // address as the user gave it; empty: none
	phase  string // empty: none
}

// text is err's text without these, printable and cut. Nothing else is left out, and
// another address stays, such as one that the server's name was resolved to.
func (s stated) text(err error) string { return printable.Line(s.brief(err), printable.MaxList) }

// brief is text that is not printable yet where it is not ours.
func (s stated) brief(err error) string {
	switch e := err.(type) { //nolint:errorlint // each link of the chain is examined by itself
	case nil:
		return "<nil>"
	case *DialError:
		return s.dial(e)
	case *raceError:
		return e.text(s.phase)
	case *outdatedError:
		return e.text(s)
	case *TLSError:
		return e.Text(s.text)
	case *WrongPortError:
		return e.text(s)
	case *net.OpError:
		return s.op(e)
	case *net.DNSError:
		return s.lookup(e)
	case *net.AddrError:
		if e.Addr == s.server {
			return printable.Text(e.Err)
		}
	case *tls.CertificateVerificationError:
		return s.text(e.Err)
	}
	return s.wrapped(err)
}

// wrapped shortens what err wraps where it stands in err's own text.
func (s stated) wrapped(err error) string {
	text := contain.Text(err)
	var inner []error
	switch e := err.(type) { //nolint:errorlint // as above
	case interface{ Unwrap() error }:
		inner = []error{e.Unwrap()}
	case interface{ Unwrap() []error }:
		inner = e.Unwrap()
	}
	inner = slices.DeleteFunc(slices.Clone(inner), func(err error) bool { return err == nil })
	var long, short []string
	for _, err := range inner {
		long, short = append(long, contain.Text(err)), append(short, s.text(err))
	}
	if len(inner) > 1 && text == strings.Join(long, `\n`) { // errors.Join, printable
		return strings.Join(short, "; ")
	}
	for i := range inner {
		if long[i] != "" && long[i] != short[i] {
			text = strings.Replace(text, long[i], short[i], 1)
		}
	}
	return text
}

func (s stated) dial(e *DialError) string {
	text := stated{server: e.Addr, phase: e.Phase.String()}.text(e.Err)
	if e.Addr != s.server {
		text = printable.Name(e.Addr) + ": " + text
	}
	if at := e.Phase.String(); at != s.phase {
		text = at + ": " + text
	}
	return text
}

// op shortens "dial tcp ADDR: connect: REASON" and "read tcp LOCAL->ADDR: read: REASON".
func (s stated) op(e *net.OpError) string {
	if e.Err == nil {
		return s.wrapped(e)
	}
	text := s.text(e.Err)
	if call, ok := e.Err.(*os.SyscallError); ok && (call.Syscall == e.Op || call.Syscall == "connect") { //nolint:errorlint // the very next one
		text = contain.Text(call.Err)
	}
	var about []string // operation and address, where they are not stated
	switch e.Op {
	case "dial", "read", "write", "writev":
		if e.Op != s.phase {
			about = append(about, e.Op)
		}
	default:
		return s.wrapped(e)
	}
	if e.Addr != nil && !same(e.Addr.String(), s.server) {
		about = append(about, printable.Name(e.Addr.String()))
	}
	if about != nil {
		text = strings.Join(about, " ") + ": " + text
	}
	if e.Source != nil {
		text += ", local address " + printable.Name(e.Source.String())
	}
	return text
}

// lookup shortens "lookup NAME on SERVER: REASON".
func (s stated) lookup(e *net.DNSError) string {
	host, _, _ := net.SplitHostPort(s.server)
	if strings.TrimSuffix(e.Name, ".") != strings.TrimSuffix(host, ".") {
		return contain.Text(e)
	}
	text := "lookup"
	if e.Server != "" {
		text += " on " + printable.Name(e.Server)
	}
	return text + ": " + printable.Text(e.Err)
}

// same reports whether two addresses are equal, in whatever spelling.
func same(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := netip.ParseAddrPort(a)
	y, errY := netip.ParseAddrPort(b)
	return errX == nil && errY == nil && x.Port() == y.Port() && x.Addr().Unmap() == y.Addr().Unmap()
}

// DialError reports in which phase a connection failed: PhaseDial or PhaseHandshake. Every
// call that waited for the dial gets the same one. In a back-off Err is a *BackoffError,
// and Phase is that of the failure before it.
type DialError struct {
	Addr  string
	Phase Phase
	Err   error
}

// Error is phase, address and cause, each once.
func (e *DialError) Error() string {
	return fmt.Sprintf("%s %s: %s", e.Phase, printable.Name(e.Addr), e.Cause())
}

// Cause is the text of Err without the address and the phase.
func (e *DialError) Cause() string {
	return stated{server: e.Addr, phase: e.Phase.String()}.text(e.Err)
}

func (e *DialError) Unwrap() error { return e.Err }

// BackoffError is the cause of a DialError for an address that is not dialed now, because
// dials to it have failed, or sessions to it have ended before a call on them was
// answered. All callers of a Pool share an address's back-off. No packet was sent.
type BackoffError struct {
	Until    time.Time // from then on a call has the address dialed, or may join a dial under way
	Failures int       // of the address, in a row
	Err      error     // the last of them
}

func (e *BackoffError) Error() string {
	times := "once"
	if e.Failures > 1 {
		times = fmt.Sprintf("%d times in a row", e.Failures)
	}
	return fmt.Sprintf("%s (failed %s, not dialed again before %s)", contain.Text(e.Err), times, e.Until.Format("15:04:05.000"))
}

func (e *BackoffError) Unwrap() error { return e.Err }

// refusalError is the core's answer to a caller, a *poolcore.Refusal as a *DialError.
func refusalError(err error) error {
	r, refused := err.(*poolcore.Refusal) //nolint:errorlint // the core returns it bare
	if !refused {
		return err
	}
	phase, cause := PhaseDial, r.Last.Err
	d, dialed := cause.(*DialError) //nolint:errorlint // the very next one
	if !dialed && r.Last.Session {
		d, dialed = &DialError{Addr: r.Last.Addr, Phase: PhaseHandshake, Err: cause}, true
	}
	switch {
	case !dialed:
	case !r.Paced:
		phase, cause = d.Phase, d.Err
	case d.Addr == r.Addr:
		cause = d.Err
	default:
		cause = d // of another address
	}
	return &DialError{Addr: r.Addr, Phase: phase, Err: &BackoffError{Until: r.Until, Failures: r.Failures, Err: cause}}
}

// classify reports whether a dial timed out, and whether it failed because of the
// credentials.
func classify(err error) (timeout, refused bool) {
	_, timeout = errors.AsType[*dialing.LateError](err)
	return timeout, credentials.Refuses(err)
}
