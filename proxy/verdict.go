package proxy

import (
	"context"
	"errors"

	"github.com/open-nomad/rpcproxy/pool"
)

// verdict is what a failed attempt means for the call and for the server.
type verdict struct {
	rotate bool // the server failed: another one goes in front
	pass   bool // this call tries the others first, the server stays in front
	retry  bool // the call may be sent again
	pause  bool // the cluster needs a moment: wait before sending again
	denied bool // the server cannot serve the call at all: it is asked no more, another one is at once
	few    bool // the trouble is not in the agent's cluster: there are only a few attempts
}

// judge is the one place that decides what may be sent again. A call that goes
// elsewhere is not served by the leader of the agent's own cluster.
func judge(err *CallError, class Class, elsewhere bool) verdict {
	if errors.Is(err, ErrStopped) {
		return verdict{} // the proxy itself is going
	}
	if remote, ok := errors.AsType[*pool.RemoteError](err); ok {
		return judgeAnswer(err, remote, class, elsewhere)
	}
	switch {
	case err.Phase == pool.PhaseFind:
		return verdict{} // the caller's arguments or reply are at fault
	case err.Phase == pool.PhaseDecode:
		return verdict{} // the server did answer; asking again gives the same
	case errors.As(err, new(*pool.SizeError)):
		return verdict{} // the same answer would be too large again
	case errors.Is(err, context.Canceled):
		return verdict{} // the caller left; that says nothing of the server
	case errors.Is(err, errSlice):
		// Not answered in time, which is not yet silence: the call goes elsewhere,
		// and whether the server is left is for the pool to find out.
		return verdict{pass: true, retry: err.Outcome == pool.NotSent || class.repeatable()}
	case errors.Is(err, pool.ErrDrained), errors.Is(err, pool.ErrTooManySessions):
		// This side has ended the session, which says nothing of the server.
		return verdict{retry: err.Outcome == pool.NotSent || class.repeatable()}
	case errors.Is(err, pool.ErrStreamEnded):
		// The session lives, and with it the server. The call tries another one.
		return verdict{pass: true, retry: err.Outcome == pool.NotSent || class.repeatable()}
	case err.Outcome == pool.NotSent:
		return verdict{rotate: true, retry: true} // no server has seen it
	default:
		// Sent and not answered. The server is left; the call goes on only if a
		// second execution does no harm.
		return verdict{rotate: true, retry: class.repeatable()}
	}
}

// judgeAnswer decides about an error that a server sent: its session is healthy.
func judgeAnswer(err *CallError, remote *pool.RemoteError, class Class, elsewhere bool) verdict {
	again := err.Outcome == pool.Rejected || class.repeatable()
	switch {
	case errors.Is(remote, pool.ErrNoRegionPath), errors.Is(remote, pool.ErrUnknownMethod):
		// It is of another region, or of another version, than one that would serve it.
		return verdict{pass: true, retry: again, denied: true}
	case elsewhere && remote.Hops > 0 && (leaderless(remote) || unled(remote)):
		// Another region, or another server, is in trouble. Each attempt may find
		// another server of that region.
		return verdict{pass: true, retry: again, pause: true, few: true}
	case leaderless(remote):
		// Refused before anything happened; another server may know a leader.
		return verdict{rotate: true, retry: again, pause: true}
	case remote.Hops == 0 && errors.Is(remote, pool.ErrServerStopping):
		return verdict{pass: true, retry: again, pause: true} // this server itself
	case unled(remote):
		// This server is fine; the one behind it is not, or it was the leader a
		// moment ago. What was not sent, or was refused, executed nothing; the rest
		// may have.
		return verdict{retry: again, pause: true}
	case errors.Is(remote, pool.ErrServerRateLimited):
		return verdict{pass: true, retry: true, pause: true} // it says that another server may take it
	case errors.Is(remote, pool.ErrRateLimited):
		return verdict{retry: true, pause: true} // refused; rotating would carry the load on
	default:
		return verdict{} // an answer like any other: it says nothing of the server
	}
}

// leaderless says whether a server answered, and had no leader that could serve
// the call: it is alive, and ranks behind those that have one.
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
