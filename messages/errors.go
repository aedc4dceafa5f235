package messages

import (
	"errors"
	"fmt"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// How much of its input an error repeats.
const (
	maxQuoted = 100 // bytes of a bad address
	maxCauses = 5   // causes of a refused heartbeat
	maxBad    = 64  // bad addresses of a list
)

// ErrNoAddrs refuses a [SetServers] without an address: the list stays as it was.
var ErrNoAddrs = errors.New("messages: no server address is given: the list stays as it was; " +
	"give the servers that are to be used, or take one out with RemoveServer")

// AddrError is why an address was refused. It is what [ParseServer] returns.
type AddrError struct {
	Input  string // as given, whole
	Reason string // what is wrong with it
}

// Error quotes the input, a long one cut short, and names the forms that are accepted.
func (e *AddrError) Error() string {
	return "messages: bad server address " + e.brief() + "; want host, host:port or [IPv6]:port"
}

// brief is the input, quoted and cut, and what is wrong with it. A user in front of the host
// may have a password: dots stand for it.
func (e *AddrError) brief() string {
	input := e.Input
	if at := strings.LastIndexByte(input, '@'); at >= 0 {
		input = "..." + input[at:]
	}
	return printable.Quote(input, maxQuoted) + ": " + printable.Text(e.Reason)
}

// AddrsError refuses a list of addresses, all or nothing. It answers
// [SetServers], [SetBackups] and [AddBackup].
type AddrsError struct {
	Errs []*AddrError // one for each bad address, in the order given; never empty
}

// Error names each bad address, one line each, of more than 64 the first.
func (e *AddrsError) Error() string {
	if len(e.Errs) == 1 {
		return e.Errs[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "messages: %d bad server addresses; want host, host:port or [IPv6]:port", len(e.Errs))
	for _, err := range e.Errs[:min(len(e.Errs), maxBad)] {
		b.WriteString("\n\t" + err.brief())
	}
	if more := len(e.Errs) - maxBad; more > 0 {
		fmt.Fprintf(&b, "\n\tand %d more", more)
	}
	return b.String()
}

// Unwrap gives each *AddrError.
func (e *AddrsError) Unwrap() []error {
	errs := make([]error, len(e.Errs))
	for i, err := range e.Errs {
		errs[i] = err
	}
	return errs
}

// UpdateError refuses the servers of a heartbeat because none of them can be
// used; the list stays as it was. It answers [HeartbeatUpdate].
type UpdateError struct {
	Offered int     // servers the heartbeat named; zero: it was empty
	Causes  []error // why they were left out, or those of the first few
}

// Error reports how many servers were offered and repeats the first few causes.
func (e *UpdateError) Error() string {
	if e.Offered == 0 {
		return "messages: heartbeat refused: it names no server; the list stays as it was"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "messages: heartbeat refused: none of its %d servers can be used; the list stays as it was", e.Offered)
	shown := e.Unwrap()
	for _, err := range shown {
		b.WriteString("\n\t" + contain.Text(err))
	}
	if more := e.Offered - len(shown); more > 0 && len(shown) > 0 {
		fmt.Fprintf(&b, "\n\tand %d more", more)
	}
	return b.String()
}

// Unwrap gives the causes, five at most.
func (e *UpdateError) Unwrap() []error {
	n := min(len(e.Causes), maxCauses)
	return e.Causes[:n:n]
}
