package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/internal/attempt"
)

// sliced marks the error of an attempt that its limit has ended, and not the
// call's own context; whatever else ended it stands.
func sliced(err error) error {
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

// describe is the one place that reads an attempt's error for what happens next. A call
// that goes elsewhere is not served by the leader of the agent's own cluster; one at home
// names the agent's own region.
func describe(err *CallError, elsewhere, atHome bool) attempt.Failure {
	f := attempt.Failure{
		Kind: kind(err, elsewhere, atHome), Outcome: outcome(err.Outcome), Broke: broke(err), Silent: errors.Is(err, pool.ErrSilent),
	}
	if err.Outcome == pool.NotSent {
		f.Until = alone(err)
	}
	return f
}

// alone is until when the server is not dialed that err tells of; zero: it was dialed.
func alone(err error) time.Time {
	if left, ok := errors.AsType[*pool.BackoffError](err); ok {
		return left.Until
	}
	return time.Time{}
}

// broke reports whether the connection ended under an attempt that was sent, as it does
// when its server dies. A server that says farewell first does not die of the call, and
// silence proves nothing.
func broke(err *CallError) bool {
	if err.Outcome != pool.MaybeExecuted || err.Phase < pool.PhaseWrite || errors.Is(err, pool.ErrLeaving) {
		return false
	}
	_, transport := errors.AsType[*net.OpError](err)
	return transport || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// outcome is the same for package attempt, which knows no pool.
func outcome(o pool.Outcome) attempt.Outcome {
	switch o {
	case pool.NotSent:
		return attempt.NotSent
	case pool.Rejected:
		return attempt.Rejected
	default:
		return attempt.MaybeExecuted
	}
}

func kind(err *CallError, elsewhere, atHome bool) attempt.Kind {
	if errors.Is(err, ErrStopped) {
		return attempt.Final // the proxy itself is going
	}
	if remote, ok := errors.AsType[*pool.RemoteError](err); ok {
		return answerKind(remote, elsewhere, atHome)
	}
	switch {
	case err.Phase == pool.PhaseFind:
		return attempt.Final // the caller's arguments or reply are at fault
	case err.Phase == pool.PhaseDecode:
		return attempt.Final // the server did answer; asking again gives the same
	case errors.As(err, new(*pool.SizeError)):
		return attempt.Final // the same answer would be too large again
	case errors.Is(err, context.Canceled):
		return attempt.Final // the caller left; that says nothing of the server
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

// answerKind is about an error that a server sent: its session is healthy. What is not
// named here every server would answer: what the state of the cluster says (permission
// denied, unknown node or allocation, no path to a node, which the server has asked all
// the others for), and what is wrong with the request.
func answerKind(remote *pool.RemoteError, elsewhere, atHome bool) attempt.Kind {
	switch {
	case atHome && remote.Hops == 0 && errors.Is(remote, pool.ErrNoRegionPath):
		// A server knows a path to its own region always: it is of another one, and of
		// no use to the agent. Nomad 2.0.6, nomad/rpc.go (forward).
		return attempt.Misplaced
	case errors.Is(remote, pool.ErrNoRegionPath), errors.Is(remote, pool.ErrUnknownMethod):
		return attempt.Denied // it is of another region, or of another version, than one that would serve it
	case errors.Is(remote, pool.ErrTokenNotFound):
		// Tokens are replicated, also from region to region, and a server looks for
		// them in its own state, which may lag. Nomad 2.0.6, nomad/auth/auth.go,
		// nomad/leader.go (replicateACLTokens).
		return attempt.Behind
	case elsewhere && remote.Hops > 0 && (leaderless(remote) || unled(remote)):
		return attempt.Foreign
	case leaderless(remote):
		return attempt.Leaderless
	case remote.Hops == 0 && errors.Is(remote, pool.ErrServerStopping):
		return attempt.Stopping
	case unled(remote):
		return attempt.Unled
	case errors.Is(remote, pool.ErrServerRateLimited):
		return attempt.Limited
	case errors.Is(remote, pool.ErrRateLimited):
		return attempt.Throttled
	default:
		return attempt.Final // an answer like any other: it says nothing of the server
	}
}

// unserving says whether a server answered, and cannot serve the agent: for want of a
// leader, or because it is of another region. It is alive, and ranks behind the others.
func unserving(err error) bool { return leaderless(err) || errors.Is(err, pool.ErrNoRegionPath) }

// leaderless says whether a server answered, and had no leader that could serve
// the call.
func leaderless(err error) bool {
	return errors.Is(err, pool.ErrNoLeader) || errors.Is(err, pool.ErrNotReady)
}

// unled says whether an answer tells of a leader that cannot be reached, changes,
// stops or is not ready yet: all of it passes.
func unled(err error) bool {
	for _, passing := range []error{
		pool.ErrLeaderUnreachable, pool.ErrNotLeader, pool.ErrLeadershipLost,
		pool.ErrServerStopping, pool.ErrNotCommitted, pool.ErrStarting,
	} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}
