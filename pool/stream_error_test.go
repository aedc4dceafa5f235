package pool

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

func TestAStreamsFrameReachesTheSentinels(t *testing.T) {
	for _, c := range []struct {
		code    int // as sent
		message string
		kind    error
		want    int // the code that counts
	}{
		{0, "Permission denied", ErrPermissionDenied, 0},
		{403, "Permission denied", ErrPermissionDenied, 403},
		{403, "not for you", ErrPermissionDenied, 403},
		{500, `RPC Error:: 404,Unknown node "e1e2"`, ErrUnknownNode, 404},
		{500, "rpc error: RPC Error:: 404,Unknown node e1e2", ErrUnknownNode, 404},
		{400, `Unknown node "e1e2"`, ErrUnknownNode, 400},
		{404, `Unknown allocation "73553e28"`, ErrUnknownAllocation, 404},
		{500, "RPC Error:: 403,Permission denied", ErrPermissionDenied, 403},
		{0, "ACL token not found", ErrTokenNotFound, 0},
		{404, "No path to node", ErrNoNodePath, 404},
		{500, "rpc error: stream closed", ErrLeaderUnreachable, 500},
		{429, "slow down", ErrRateLimited, 429},
		{404, "state for allocation 73553e28 not found on client", nil, 404},
		{500, "boom", nil, 500},
	} {
		r := NewFrameReader(bytes.NewReader(wire.AppendFailure(nil, c.code, c.message)))
		_, err := r.Next()
		e, ok := errors.AsType[*StreamError](err)
		if !ok || e.Code != c.want || e.Message != c.message {
			t.Errorf("%d %q: %v", c.code, c.message, err)
		}
		remote, ok := errors.AsType[*RemoteError](err)
		if !ok || remote.Raw != c.message || remote.Kind != c.kind || remote.Code != c.want || c.kind != nil && !errors.Is(err, c.kind) {
			t.Errorf("%d %q: it is read as %+v, want %v", c.code, c.message, remote, c.kind)
		}
	}
}

// coded is how agents write errors that have a status of HTTP.
type coded int

func (c coded) Code() int { return int(c) }

func (c coded) Error() string { return "coded" }

func TestAHandlersErrorGoesOutWithItsCode(t *testing.T) {
	for _, c := range []struct {
		err     error
		code    int
		message string
	}{
		{&StreamError{Code: 404, Message: "absent"}, 404, "absent"},
		{fmt.Errorf("logs: %w", &StreamError{Code: 404, Message: "absent"}), 404, "absent"},
		{remoteError("rpc error: RPC Error:: 404,Unknown node x"), 404, "Unknown node x"},
		{fmt.Errorf("asking: %w", remoteError("RPC Error:: 409,busy")), 409, "asking: busy"},
		{&CallError{Method: "X.Y", Phase: PhaseRemote, Err: remoteError("RPC Error:: 409,busy")}, 409, "X.Y: remote: busy (maybe executed)"},
		{errors.New("RPC Error:: 404,gone"), 404, "gone"},
		{errors.New("RPC Error:: x,gone"), 500, "RPC Error:: x,gone"},
		{coded(422), 422, "coded"},
		{fmt.Errorf("exec: %w", coded(422)), 422, "exec: coded"},
		{coded(0), 500, "coded"},
		{remoteError("Permission denied"), 403, "Permission denied"},
		{fmt.Errorf("exec: %w", ErrPermissionDenied), 403, "exec: permission denied"},
		{ErrUnknownNode, 404, "unknown node"},
		{remoteError(`Unknown allocation "x"`), 404, `Unknown allocation "x"`},
		{errors.New("broken"), 500, "broken"},
	} {
		var b bytes.Buffer
		code, text := sessionErrors{}.Coded(c.err)
		b.Write(wire.AppendFailure(nil, code, text))
		var f wire.Frame
		if err := wire.NewDecoder().Frame(b.Bytes(), &f); err != nil || f.Error == nil || f.Error.Code != c.code || f.Error.Message != c.message {
			t.Errorf("%v went out as %+v, %v; want %d %q", c.err, f.Error, err, c.code, c.message)
		}
	}
}

func TestACallsHandlerPassesAServersErrorOnAsSent(t *testing.T) {
	const sent = "rpc error: RPC Error:: 404,gone"
	for err, want := range map[error]string{
		remoteError(sent):                      sent,
		fmt.Errorf("x: %w", remoteError(sent)): "x: gone",
		&RemoteError{Text: "made here"}:        "made here",
		errors.New("RPC Error:: 404,gone"):     "RPC Error:: 404,gone",
	} {
		if got, _ := (sessionErrors{}).Text(err); got != want {
			t.Errorf("%v is answered as %q, want %q", err, got, want)
		}
	}
}
