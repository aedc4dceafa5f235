package pool

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// What a server is known to answer. Each is reached with errors.Is from the
// error of a call.
var (
	ErrNoLeader          = errors.New("no cluster leader")
	ErrNotReady          = errors.New("server is not ready to serve consistent reads")
	ErrLeaderUnreachable = errors.New("server could not forward to the leader")
	ErrPermissionDenied  = errors.New("permission denied")
	ErrTokenNotFound     = errors.New("token not found")
	ErrNoRegionPath      = errors.New("no path to region")
	ErrMissingRegion     = errors.New("request names no region")
	ErrNoNodePath        = errors.New("no path to node")
	ErrUnknownNode       = errors.New("unknown node")
	ErrNodeSecret        = errors.New("node secret does not match")
	ErrNodeVersion       = errors.New("node version is missing or too old")
	ErrUnknownMethod     = errors.New("unknown method")
	ErrBadRequest        = errors.New("server could not read the request")
	ErrRateLimited       = errors.New("rate limited")

	// ErrServerRateLimited is ErrRateLimited of a server that says others may not be.
	ErrServerRateLimited = fmt.Errorf("%w by this server", ErrRateLimited)
)

// RemoteError is an answer that is an error: the server took the request and
// said no. It says nothing about the server's health.
type RemoteError struct {
	Text string // as sent, without the prefixes that forwarding added
	Hops int    // how often it was forwarded
	Code int    // of a coded error, such as 404; else 0
	Kind error  // the sentinel it stands for; nil if unknown
}

func (e *RemoteError) Error() string { return e.Text }

func (e *RemoteError) Unwrap() error { return e.Kind }

// The marks that forwarding servers and coded errors leave in an error's text.
const (
	hopPrefix  = "rpc error: "
	codePrefix = "RPC Error:: "
)

// remoteError reads the text of an answer that is an error.
func remoteError(text string) *RemoteError {
	e := &RemoteError{Text: text}
	for {
		rest, found := strings.CutPrefix(e.Text, hopPrefix)
		if !found {
			break
		}
		e.Text, e.Hops = rest, e.Hops+1
	}
	if rest, found := strings.CutPrefix(e.Text, codePrefix); found {
		code, message, _ := strings.Cut(rest, ",")
		if n, err := strconv.Atoi(code); err == nil {
			e.Code, e.Text = n, message
		}
	}
	e.Kind = e.kind()
	return e
}

// whole are the texts that are known to the letter.
var whole = map[string]error{
	"No cluster leader":                   ErrNoLeader,
	"Not ready to serve consistent reads": ErrNotReady,
	"Permission denied":                   ErrPermissionDenied,
	"ACL token not found":                 ErrTokenNotFound,
	"No path to region":                   ErrNoRegionPath,
	"missing region for target RPC":       ErrMissingRegion,
	"No path to node":                     ErrNoNodePath,
	"node not found":                      ErrUnknownNode,
	"node secret ID does not match. Not registering node.":               ErrNodeSecret,
	"Unable to determine Nomad version":                                  ErrNodeVersion,
	"Node does not support RPC; requires 0.8 or later":                   ErrNodeVersion,
	"Unknown rpc method":                                                 ErrUnknownMethod,
	"rate limit exceeded, try again later":                               ErrRateLimited,
	"rate limit exceeded, try again later or against a different server": ErrServerRateLimited,
}

// kind is the one place where the text of an error decides anything. Texts are
// matched whole; those that end in something quoted back are matched up to it.
func (e *RemoteError) kind() error {
	if kind, known := whole[e.Text]; known {
		return kind
	}
	switch {
	case e.Code == 429:
		return ErrRateLimited // the code says it whatever the words are
	case e.Hops > 0 && e.Text == "EOF":
		return ErrLeaderUnreachable // the leader died while the call was with it
	case e.Hops > 0 && strings.HasPrefix(e.Text, "failed to get conn: "):
		return ErrLeaderUnreachable // the leader was never reached; the address follows
	case strings.HasPrefix(e.Text, "Unknown node "):
		return ErrUnknownNode // the ID follows
	case strings.HasPrefix(e.Text, "rpc: can't find service "),
		strings.HasPrefix(e.Text, "rpc: can't find method "),
		strings.HasPrefix(e.Text, "rpc: service/method request ill-formed: "),
		strings.HasPrefix(e.Text, "Unknown rpc method: "):
		return ErrUnknownMethod // the method follows
	case strings.HasPrefix(e.Text, "msgpack decode error "):
		return ErrBadRequest // the codec's words follow
	}
	return nil
}

// outcome is what the answer says about the call's effect.
func (e *RemoteError) outcome() Outcome {
	switch {
	case e.Kind == nil:
		return MaybeExecuted // the handler's own words: it may have got half way
	case errors.Is(e.Kind, ErrLeaderUnreachable) && e.Text == "EOF":
		return MaybeExecuted // the leader may have acted before it died
	default:
		return Rejected // refused before the handler did anything
	}
}
