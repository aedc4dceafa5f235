package proxy

import (
	"fmt"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// The end of a session by this side is no sign about its server.
func TestASessionThatThisSideEndedIsNoFailureOfItsServer(t *testing.T) {
	for _, cause := range []error{pool.ErrDrained, pool.ErrTooManySessions} {
		for _, c := range []struct {
			outcome pool.Outcome
			class   Class
			retry   bool
		}{
			{pool.NotSent, AtMostOnce, true},
			{pool.MaybeExecuted, AtMostOnce, false},
			{pool.MaybeExecuted, Idempotent, true},
			{pool.MaybeExecuted, Read, true},
		} {
			err := &CallError{Phase: pool.PhaseFlushed, Outcome: c.outcome, Err: fmt.Errorf("ended: %w", cause)}
			if got, want := describe(err, false, false).Judge(c.class.repeatable()), (attempt.Verdict{Retry: c.retry}); got != want {
				t.Errorf("%v, %v, %v: %+v, want %+v", cause, c.outcome, c.class, got, want)
			}
		}
	}
}

// Nor is that there was no room for its answer, which may come through a moment later.
func TestAnAnswerWithoutRoomIsNoFailureOfItsServer(t *testing.T) {
	for class, retry := range map[Class]bool{AtMostOnce: false, Idempotent: true, Read: true} {
		err := &CallError{Phase: pool.PhaseRead, Outcome: pool.MaybeExecuted, Err: &pool.RoomError{}}
		if got, want := describe(err, false, false).Judge(class.repeatable()), (attempt.Verdict{Retry: retry, Pause: true}); got != want {
			t.Errorf("%v: %+v, want %+v", class, got, want)
		}
	}
}

func TestWhichAttemptsAreMoved(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{pool.ErrMoved, true},
		{fmt.Errorf("%w: %w", pool.ErrMoved, pool.ErrRenewed), true},
		{fmt.Errorf("%w: %w", pool.ErrMoved, pool.ErrLeaving), false}, // the server failed
		{pool.ErrRenewed, false}, // it was not asked to move
		{nil, false},
	} {
		if got := moved(c.err); got != c.want {
			t.Errorf("%v: %t, want %t", c.err, got, c.want)
		}
	}
}

// Of the refusals that servers are known to send, which one passes the call on, and why.
func TestWhichRefusalsAnotherServerMayNotShare(t *testing.T) {
	for _, c := range []struct {
		kind      error
		hops      int
		elsewhere bool
		atHome    bool
		want      attempt.Kind
		why       string
	}{
		{pool.ErrNoRegionPath, 0, false, true, attempt.Misplaced, "the server itself is of another region"},
		{pool.ErrNoRegionPath, 1, false, true, attempt.Denied, "a server behind it is"},
		{pool.ErrNoRegionPath, 0, true, false, attempt.Denied, "others may know a path to that region"},
		{pool.ErrNoRegionPath, 0, false, false, attempt.Denied, "it is not known which region was asked for"},
		{pool.ErrUnknownMethod, 0, false, true, attempt.Denied, "it is of another version"},
		{pool.ErrUnknownMethod, 2, true, false, attempt.Denied, "the one behind it is"},
		{pool.ErrTokenNotFound, 0, false, true, attempt.Behind, "its copy of the tokens may be old"},
		{pool.ErrNoLeader, 0, false, true, attempt.Leaderless, "others may know a leader"},
		{pool.ErrNotReady, 0, false, true, attempt.Leaderless, "others may be ready"},
		{pool.ErrNoLeader, 1, true, false, attempt.Foreign, "the other region has none"},
		{pool.ErrServerStopping, 0, false, true, attempt.Stopping, "this server stops"},
		{pool.ErrServerStopping, 1, false, true, attempt.Unled, "the leader stops"},
		{pool.ErrLeaderUnreachable, 1, false, true, attempt.Unled, "it passes"},
		{pool.ErrStarting, 0, false, true, attempt.Unled, "it passes"},
		{pool.ErrServerRateLimited, 0, false, true, attempt.Limited, "it says that others may take it"},
		{pool.ErrRateLimited, 0, false, true, attempt.Throttled, "others would have the load then"},

		{pool.ErrMissingRegion, 0, false, false, attempt.Final, "the request is wrong"},
		{pool.ErrBadRequest, 0, false, true, attempt.Final, "the request is wrong"},
		{pool.ErrBadArguments, 0, false, true, attempt.Final, "the request is wrong"},
		{pool.ErrPermissionDenied, 0, false, true, attempt.Final, "the cluster's state says so"},
		{pool.ErrUnknownNode, 0, false, true, attempt.Final, "the cluster's state says so"},
		{pool.ErrUnknownAllocation, 0, false, true, attempt.Final, "the cluster's state says so"},
		{pool.ErrNodeSecret, 0, false, true, attempt.Final, "the cluster's state says so"},
		{pool.ErrNodeVersion, 0, false, true, attempt.Final, "the node's version is the same everywhere"},
		{pool.ErrNoNodePath, 0, false, true, attempt.Final, "it has asked all the others"},
		{nil, 0, false, true, attempt.Final, "a handler's own words"},
	} {
		err := &CallError{Phase: pool.PhaseRemote, Outcome: pool.Rejected, Err: &pool.RemoteError{Text: "x", Hops: c.hops, Kind: c.kind}}
		f := describe(err, c.elsewhere, c.atHome)
		if f.Kind != c.want {
			t.Errorf("%v behind %d hops, elsewhere %t: %d, want %d: %s", c.kind, c.hops, c.elsewhere, f.Kind, c.want, c.why)
		}
		v := f.Judge(false)
		if final := c.want == attempt.Final; v.Retry == final {
			t.Errorf("%v: what was refused is free to pass, unless every server would: %+v", c.kind, v)
		}
		f.Outcome = attempt.MaybeExecuted
		if v := f.Judge(false); v.Retry && c.want != attempt.Limited && c.want != attempt.Throttled {
			t.Errorf("%v: a call that must not run twice is sent again although it may have run", c.kind)
		}
	}
}

// describe converts outcomes by their value.
func TestOutcomesAreThoseOfThePool(t *testing.T) {
	if got := [...]pool.Outcome{pool.Outcome(attempt.MaybeExecuted), pool.Outcome(attempt.NotSent), pool.Outcome(attempt.Rejected)}; got !=
		[...]pool.Outcome{pool.MaybeExecuted, pool.NotSent, pool.Rejected} {
		t.Errorf("%v", got)
	}
}
