package pool

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/testutil"
)

// Every string of every error may come from outside: from a server, a certificate, a
// resolver, a file, or the agent's own arguments.
func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		dial := &DialError{Addr: text, Phase: PhaseDial, Err: cause}
		joined := errors.Join(cause, errors.New(text))
		return []error{
			dial,
			&DialError{Addr: "10.0.0.1:4647", Phase: PhaseHandshake, Err: fmt.Errorf("%s: %w", text, cause)},
			&DialError{Addr: text, Err: &net.OpError{Op: "dial", Net: text, Addr: named(text), Source: named(text), Err: os.NewSyscallError("connect", cause)}},
			&DialError{Addr: text, Err: &net.OpError{Op: text, Err: cause}},
			&DialError{Addr: text + ":1", Err: &net.DNSError{Err: text, Name: text, Server: text}},
			&DialError{Addr: "a:1", Err: &net.DNSError{Err: text, Name: text, Server: text}},
			&DialError{Addr: text, Err: &net.AddrError{Err: text, Addr: text}},
			&DialError{Addr: text, Err: joined},
			&raceError{routes: 20, each: []*DialError{dial, dial, {Addr: text + "1", Err: joined}}},
			&outdatedError{lookup: cause, dial: dial},
			&TLSError{Addr: text, Kind: cause, Wanted: text, Offered: []string{text, text}, Shown: text, Ours: text, Err: cause},
			&TLSError{Addr: text, Kind: ErrTLSRefused, Wanted: text, Offered: []string{text, text}, Shown: text, Ours: text, Err: cause},
			&TLSError{Addr: text, Kind: ErrTLSExpired, Wanted: text, Offered: []string{}, Shown: text, Ours: text, Err: x509.CertificateInvalidError{Reason: x509.Expired, Detail: text}},
			&TLSConfigError{Field: text, File: text, Problem: TLSProblem(text), Err: cause},
			&RemoteError{Raw: text, Text: text, Kind: cause},
			&RemoteError{Raw: text, Text: "2 errors occurred:\n\t* " + text + "\n\t* " + text + "\n\n", Kind: cause},
			&StreamError{Code: 500, Message: text},
			streamError(500, text),
			&WrongPortError{Speaks: text, Begins: []byte(text), Err: cause},
			&WrongPortError{Speaks: text, Err: cause},
			&WrongPortError{Begins: []byte(text), Err: cause},
			&codecPanic{in: text, cause: contain.Recovered(text)},
			&RoomError{},
			&BackoffError{Until: time.Unix(1, 0), Failures: 2, Err: dial},
			&BackoffError{Until: time.Unix(1, 0), Err: cause},
			&SizeError{},
			&ProtocolError{Layer: text, Reason: text, Err: cause},
			&BacklogError{},
			&EncodeError{Args: text, Err: cause},
			&DecodeError{Reply: text, Err: cause},
			&CallError{Method: text, Server: text, Phase: PhaseDial, Err: cause},
			&CallError{Method: text, Server: text, Err: remoteError(text)},
			&CallError{Method: text, Server: text, Err: fmt.Errorf("%w: %w", ErrMoved, dial)},
			&ConfigError{Field: text, Reason: text},
			&HoldError{},
		}
	}, "TLSError.Offered", "StreamError.whole", "WrongPortError.Speaks", "WrongPortError.Begins")
}

// named is an address that prints as any text.
type named string

func (named) Network() string  { return "tcp" }
func (n named) String() string { return string(n) }

func TestAnErrorOfAServerKeepsItsWordsAndItsMeaning(t *testing.T) {
	for text, want := range map[string]string{
		"Permission denied": "Permission denied",
		"größer als 7 €":    "größer als 7 €",
		"a\x1b[2Jb":         `a\x1b[2Jb`,
		"2 errors occurred:\n\t* a\n\t* b\u202e\n\n": `2 errors occurred: a; b\u202e`,
	} {
		e := remoteError(text)
		if e.Error() != want || e.Raw != text {
			t.Errorf("%q: %q, raw %q", text, e.Error(), e.Raw)
		}
	}
	err := &CallError{Method: "X.Y", Server: "a:1", Err: remoteError("RPC Error:: 403,\x1b[2J\n")}
	if !errors.Is(err, ErrPermissionDenied) {
		t.Error("the meaning is lost")
	}
}
