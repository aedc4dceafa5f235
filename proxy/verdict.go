package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// limitError is the error of an attempt that its limit has ended, and not the call's own
// context. Another error is returned as it is.
func limitError(err error) error {
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if e, ok := errors.AsType[*CallError](err); ok {
		dup := *e
		dup.Err = pool.ErrAttemptTimeout
		return &dup
	}
	return pool.ErrAttemptTimeout
}

// moved reports whether an attempt ended only because its call is to be made elsewhere,
// which is no failure: another server is active, or another session has replaced the
// attempt's. That happens once for each such change, so a call cannot move for ever. A server
// that is leaving is one that fails.
func moved(err error) bool {
	return errors.Is(err, pool.ErrMoved) && !errors.Is(err, pool.ErrLeaving)
}

// describe is the one place that reads an attempt's error for the decision that follows.
// elsewhere: the call is not served by the leader of the agent's own cluster. homeRegion: it
// names the agent's own region.
func describe(err *CallError, elsewhere, homeRegion bool) attempt.Failure {
	f := attempt.Failure{
		Kind: kind(err, elsewhere, homeRegion), Outcome: attempt.Outcome(err.Outcome), Broke: broke(err), Silent: errors.Is(err, pool.ErrSilent),
	}
	if err.Outcome == pool.NotSent {
		f.Until = backoffEnd(err)
	}
	return f
}

// backoffEnd is until when the server is in back-off, so that it was not dialed; zero: it
// was dialed.
func backoffEnd(err error) time.Time {
	if left, ok := errors.AsType[*pool.BackoffError](err); ok {
		return left.Until
	}
	return time.Time{}
}

// broke reports whether the connection ended under an attempt that was sent, as it does
// when its server crashes. A server that sends a go away first does not crash because of the
// call, and silence proves nothing.
func broke(err *CallError) bool {
	if err.Outcome != pool.MaybeExecuted || err.Phase < pool.PhaseWrite || errors.Is(err, pool.ErrLeaving) {
		return false
	}
	_, transport := errors.AsType[*net.OpError](err)
	return transport || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func kind(err *CallError, elsewhere, homeRegion bool) attempt.Kind {
	if errors.Is(err, ErrStopped) {
		return attempt.Final // the proxy itself is going
	}
	if remote, ok := errors.AsType[*pool.RemoteError](err); ok {
		return answerKind(remote, elsewhere, homeRegion)
	}
	switch {
	case errors.As(err, new(*pool.AgentPanicError)):
		return attempt.Final // code of the agent's is at fault
	case err.Phase == pool.PhaseFind:
		return attempt.Final // the caller's arguments or reply are at fault
	case err.Phase == pool.PhaseDecode:
		return attempt.Final // the server did answer; asking again gives the same
	case errors.As(err, new(*pool.SizeError)):
		return attempt.Final // the same answer would be too large again
	case errors.As(err, new(*pool.RoomError)):
		return attempt.Crowded
	case errors.Is(err, context.Canceled):
		return attempt.Final // the caller left; that shows nothing about the server
	case errors.Is(err, pool.ErrAttemptTimeout):
		return attempt.Cut
	case errors.Is(err, pool.ErrDrained), errors.Is(err, pool.ErrTooManySessions):
		return attempt.Withdrawn
	case errors.Is(err, pool.ErrStreamEnded):
		return attempt.Reset
	default:
		return attempt.Lost
	}
}

// answerKind is about an error that a server sent: its session is healthy. Errors not named
// here every server would send: those of the cluster's state (permission denied, unknown
// node or allocation, no path to a node, for which the server has asked all the others),
// and those of a bad request.
func answerKind(remote *pool.RemoteError, elsewhere, homeRegion bool) attempt.Kind {
	switch {
	case homeRegion && remote.Hops == 0 && errors.Is(remote, pool.ErrNoRegionPath):
		// A server always knows a path to its own region: this one is of another region, and
		// of no use to the agent. Nomad 2.0.6, nomad/rpc.go (forward).
		return attempt.Misplaced
	case errors.Is(remote, pool.ErrNoRegionPath), errors.Is(remote, pool.ErrUnknownMethod):
		return attempt.Denied // a server of another region or version may serve the call
	case errors.Is(remote, pool.ErrTokenNotFound):
		// Tokens are replicated, also from region to region, and a server looks for
		// them in its own state, which may lag. Nomad 2.0.6, nomad/auth/auth.go,
		// nomad/leader.go (replicateACLTokens).
		return attempt.Behind
	case elsewhere && remote.Hops > 0 && (leaderless(remote) || leaderTrouble(remote)):
		return attempt.Foreign
	case leaderless(remote):
		return attempt.Leaderless
	case remote.Hops == 0 && errors.Is(remote, pool.ErrServerStopping):
		return attempt.Stopping
	case leaderTrouble(remote):
		return attempt.Unled
	case errors.Is(remote, pool.ErrServerRateLimited):
		return attempt.Limited
	case errors.Is(remote, pool.ErrRateLimited):
		return attempt.Throttled
	default:
		return attempt.Final // an answer like any other: it shows nothing about the server
	}
}

// cannotServe reports whether a server answered that cannot serve the agent: it has no
// leader, or is of another region. It is alive, and ranks behind the others.
func cannotServe(err error) bool { return leaderless(err) || errors.Is(err, pool.ErrNoRegionPath) }

// leaderless reports whether a server answered that had no leader which could serve the
// call.
func leaderless(err error) bool {
	return errors.Is(err, pool.ErrNoLeader) || errors.Is(err, pool.ErrNotReady)
}

// leaderTrouble reports whether an answer means that the leader cannot be reached, changes,
// stops or is not ready yet: all of these pass.
func leaderTrouble(err error) bool {
	passing := []error{
		pool.ErrLeaderUnreachable, pool.ErrNotLeader, pool.ErrLeadershipLost,
		pool.ErrServerStopping, pool.ErrNotCommitted, pool.ErrStarting,
	}
	return slices.ContainsFunc(passing, func(trouble error) bool { return errors.Is(err, trouble) })
}
