package pool

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// What a server is known to answer. Each is reached with errors.Is from the
// error of a call, of a stream's opening and of a stream's frame.
var (
	ErrNoLeader         = errors.New("no cluster leader")
	ErrNotReady         = errors.New("server is not ready to serve consistent reads")
	ErrPermissionDenied = errors.New("permission denied")
	ErrTokenNotFound    = errors.New("token not found")
	ErrNoRegionPath     = errors.New("no path to region")
	ErrMissingRegion    = errors.New("request names no region")
	ErrNoNodePath       = errors.New("no path to node")
	ErrUnknownNode      = errors.New("unknown node")
	ErrNodeSecret       = errors.New("node secret does not match")
	ErrNodeVersion      = errors.New("node version is missing or too old")
	ErrUnknownMethod    = errors.New("unknown method")
	ErrBadRequest       = errors.New("server could not read the request")
	ErrRateLimited      = errors.New("rate limited")

	// ErrServerRateLimited is an ErrRateLimited of this server only; others may accept the call.
	ErrServerRateLimited = fmt.Errorf("%w by this server", ErrRateLimited)

	// ErrLeaderUnreachable means that the server which answered could not carry the
	// call to the one that had to serve it, most often the leader, or got no answer
	// of it. The outcome tells which: Rejected if nothing was sent there. Recordings
	// leader_killed and leader_interrupted; Nomad 2.0.6, helper/pool/pool.go.
	ErrLeaderUnreachable = errors.New("server could not forward to the leader")

	// ErrNotLeader means that the server which served the call as the leader is the
	// leader no more, or is about to hand that over: a write was not taken, and the
	// handler may have made another before. Recording leadership_transfer; raft
	// 1.7.3, api.go; Nomad 2.0.6, nomad/heartbeat.go.
	ErrNotLeader = errors.New("server is not the leader")

	// ErrLeadershipLost means that the leader stopped being it while it committed a
	// write, which the next leader may have or not. raft 1.7.3, api.go.
	ErrLeadershipLost = errors.New("leadership was lost while a write was committed")

	// ErrServerStopping means that the server which served the call as the leader
	// is shutting down. raft 1.7.3, api.go (ErrRaftShutdown).
	ErrServerStopping = errors.New("server is stopping")

	// ErrNotCommitted means that the leader gave a write up: it had too many to take
	// it in time, or its state was restored meanwhile. raft 1.7.3, api.go
	// (ErrEnqueueTimeout, ErrAbortedByRestore).
	ErrNotCommitted = errors.New("leader gave the write up")

	// ErrStarting means that the cluster, or its new leader, has no key yet to sign
	// or encrypt with: nothing was written. Recording cluster_starting; Nomad 2.0.6,
	// nomad/encrypter.go.
	ErrStarting = errors.New("the cluster's keyring is not ready yet")

	// ErrUnknownAllocation means that the server, or the node it asked, does not
	// know the allocation. Recording streaming_open; Nomad 2.0.6,
	// nomad/structs/errors.go.
	ErrUnknownAllocation = errors.New("unknown allocation")

	// ErrBadArguments means that the server read the request and refused what is in
	// it. Recording refused_arguments.
	ErrBadArguments = errors.New("server refused the arguments")
)

// RemoteError is an answer that is an error: the server took the request and
// refused it. It is no sign of the server's health.
type RemoteError struct {
	// Raw is the answer exactly as sent, if it has up to 4 KiB; of a longer one it is the
	// first 3 KiB, the length, and the last KiB: everything else here was read from
	// all of it. Nomad's agents choose an HTTP status by how
	// it begins ("RPC Error:: 404,") and ends ("Permission denied"), which holds of
	// Raw alone.
	Raw string

	Text   string // Raw without the prefixes that forwarding and a code have added, as long as Raw may be
	Hops   int    // how often it was forwarded
	Code   int    // of a coded error, such as 404; else 0
	Length int    // of the answer as sent, in bytes

	// Kind is the sentinel it stands for; several, joined, for a list of errors;
	// nil if unknown.
	Kind error

	effect Outcome // of the call, as far as the answer says
}

// Error is Text on one line, printable, cut, and without what the server has called a token, for
// people; Raw is for programs.
func (e *RemoteError) Error() string {
	return printable.WithoutCredentials(printable.Text(joinedLines(e.Text)))
}

// joinedLines is text on one line, of a long one the first that are sure to fill what is
// shown of it.
func joinedLines(text string) string {
	if !strings.Contains(text[:min(len(text), printable.MaxText+1)], "\n") {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "* ")
		switch {
		case line == "":
			continue
		case b.Len() == 0:
		case strings.HasSuffix(b.String(), ":"):
			b.WriteString(" ")
		default:
			b.WriteString("; ")
		}
		b.WriteString(line)
		if b.Len() > printable.MaxText {
			break
		}
	}
	return printable.Line(b.String(), mostKept)
}

// Unwrap is Kind.
func (e *RemoteError) Unwrap() error { return e.Kind }

// ReadRemoteError reads the text of an answer that is an error, of a call or of a stream's
// opening, for those who carry calls themselves (proxy.Caller, proxy.Streamer): all of text, as the
// server sent it. Both results go into the *CallError that they return, with PhaseRemote: the
// *RemoteError as its Err, with the Kind that the text stands for, and the Outcome, which is
// Rejected where the text says that nothing was done. It keeps no reference to a long text.
func ReadRemoteError(text string) (*RemoteError, Outcome) {
	e := remoteError(text)
	return e, e.effect
}

// remoteError reads the text of an answer that is an error.
func remoteError(text string) *RemoteError {
	e := &RemoteError{Length: len(text)}
	inner, hops, code := peeled(text)
	m := read(inner, hops, code, mostNested)
	e.Kind, e.effect = m.kind, m.effect
	e.Raw, e.Text, e.Hops, e.Code = text, inner, hops, code
	if len(text) > mostKept {
		e.Raw, e.Text = kept(text), strings.Clone(kept(inner)) // nothing keeps the whole
	}
	return e
}

// mostKept bounds what is kept of a server's text, in bytes; keptEnd is how much of that is
// its end, which programs look at too.
const mostKept, keptEnd = 4 << 10, 1 << 10

// kept is text, or a copy of its beginning and its end with its length between them.
func kept(text string) string {
	if len(text) <= mostKept {
		return text
	}
	mark := fmt.Sprintf("... (%d bytes) ...", len(text))
	head, end := mostKept-keptEnd-len(mark), len(text)-keptEnd
	for head > 0 && !utf8.RuneStart(text[head]) {
		head--
	}
	for end < len(text) && !utf8.RuneStart(text[end]) {
		end++
	}
	return text[:head] + mark + text[end:]
}

// StreamError is a failure that one side of a streaming call reports in a frame,
// after the acknowledgement. errors.Is reaches the sentinels of this package, such
// as ErrPermissionDenied, and errors.AsType a *RemoteError that has read Message.
type StreamError struct {
	// Code is as HTTP has them: 404, 403, 500; 0 if there was none. Where Message is
	// a coded error itself, it is the code in there: a server that relays one reports
	// it with code 500.
	Code    int
	Message string // as sent; of more than 4 KiB the beginning and the end, as in RemoteError.Raw

	whole *RemoteError // that has read a message of which Message is a part; nil: it is all
}

// streamError is the error that a frame carries.
func streamError(code int, message string) *StreamError {
	if _, _, inner := peeled(message); inner != 0 {
		code = inner
	}
	e := &StreamError{Code: code, Message: kept(message)}
	if len(message) > mostKept {
		e.whole = remoteError(message)
	}
	return e
}

// Error is code and Message on one line, for people, as RemoteError.Error is.
func (e *StreamError) Error() string {
	return fmt.Sprintf("stream failed with code %d: %s", e.Code, printable.WithoutCredentials(printable.Text(e.Message)))
}

// Unwrap is the *RemoteError that Message stands for.
func (e *StreamError) Unwrap() error {
	var r *RemoteError
	if e.whole != nil {
		read := *e.whole
		r = &read
	} else {
		r = remoteError(e.Message)
	}
	if r.Code == 0 {
		r.Code = e.Code
		if m := read(r.Text, r.Hops, r.Code, mostNested); m.kind != nil {
			r.Kind, r.effect = m.kind, m.effect
		}
	}
	return r
}
