package sidecar

import (
	"errors"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/pool/accept"
	"github.com/open-nomad/rpcproxy/proxy"
)

// What an agent gets when no server has answered. It tries everything again after the first text,
// which means that nothing was done, and reads after the second one (Nomad 2.0.6,
// client/rpc.go, canRetry).
const (
	textNotSent = "No cluster leader"
	textMaybe   = "rpc error: EOF"
)

// refusal is what an agent gets for a call that failed: the text of the server, to the byte, if
// one has answered.
func (a *agent) refusal(err error) *accept.Refusal {
	s := a.side
	if remote, ok := errors.AsType[*pool.RemoteError](err); ok {
		ends := errors.Is(remote, pool.ErrUnknownMethod) || errors.Is(remote, pool.ErrBadRequest)
		return &accept.Refusal{Text: remote.Raw, Ends: ends}
	}
	call, ok := errors.AsType[*proxy.CallError](err)
	if !ok {
		return &accept.Refusal{Text: textMaybe}
	}
	if size, large := errors.AsType[*pool.SizeError](err); large {
		return &accept.Refusal{Text: "rpc: the reply was not passed on: " + size.Error()}
	}
	select {
	case <-a.session.Done(): // the agent has left, and is why the call ended
		return &accept.Refusal{Text: textMaybe}
	default:
	}
	s.counts.failed.Add(1)
	s.notice(reasonFailed, call.Server, err)
	if call.Outcome == pool.MaybeExecuted {
		return &accept.Refusal{Text: textMaybe}
	}
	return &accept.Refusal{Text: textNotSent}
}
