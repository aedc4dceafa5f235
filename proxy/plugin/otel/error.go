package otel

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// errorTypes are the classes of errors, those that tell more before those that tell less: the failure of
// a call that ended for want of time is of the class of its last attempt.
var errorTypes = []struct {
	target error
	name   string
}{
	{pool.ErrMoved, "moved"},
	{proxy.ErrBreaksServers, "breaks_servers"},
	{pool.ErrUnknownMethod, "unknown_method"},
	{pool.ErrPermissionDenied, "permission_denied"},
	{pool.ErrTokenNotFound, "token_not_found"},
	{pool.ErrNoRegionPath, "no_region_path"},
	{pool.ErrMissingRegion, "missing_region"},
	{pool.ErrNoNodePath, "no_node_path"},
	{pool.ErrUnknownNode, "unknown_node"},
	{pool.ErrNodeSecret, "node_secret"},
	{pool.ErrNodeVersion, "node_version"},
	{pool.ErrUnknownAllocation, "unknown_allocation"},
	{pool.ErrBadRequest, "bad_request"},
	{pool.ErrBadArguments, "bad_arguments"},
	{pool.ErrRateLimited, "rate_limited"},
	{pool.ErrLeaderUnreachable, "leader_unreachable"},
	{pool.ErrLeadershipLost, "leadership_lost"},
	{pool.ErrNotLeader, "not_leader"},
	{pool.ErrNoLeader, "no_leader"},
	{pool.ErrNotReady, "not_ready"},
	{pool.ErrNotCommitted, "not_committed"},
	{pool.ErrStarting, "starting"},
	{pool.ErrServerStopping, "leaving"},
	{pool.ErrLeaving, "leaving"},
	{pool.ErrSilent, "silent"},
	{pool.ErrNotServing, "not_serving"},
	{pool.ErrNoStream, "no_stream"},
	{pool.ErrStreamEnded, "stream_ended"},
}

// The classes of errors that have none of errorTypes in them.
const (
	typeTLS           = "tls"
	typeUnreachable   = "unreachable"
	typeProtocol      = "protocol"
	typeSize          = "too_large"
	typeEncode        = "encode"
	typeDecode        = "decode"
	typeHold          = "held_too_long"
	typePanic         = "panic"
	typeBroken        = "connection_lost"
	typeLimit         = "attempt_timeout"
	typeNoServers     = "no_servers"
	typeStopped       = "stopped"
	typeNoCaller      = "no_caller"
	typeDeadline      = "deadline_exceeded"
	typeCanceled      = "canceled"
	typeRemote        = "remote" // another error that the server has answered with
	typeUnclassified  = otherName
	mostErrorShown    = printable.MaxText
	mostErrorExamined = printable.MaxList
)

// ErrorType is the class of a call's error, as error.type has it: a fixed set of words, such as "silent",
// "unreachable", "no_leader", "permission_denied", "remote" or "deadline_exceeded", and "_OTHER";
// empty for nil. It is safe for errors of others whose methods panic.
func ErrorType(err error) string {
	if err == nil {
		return ""
	}
	for _, t := range errorTypes {
		if contain.Is(err, t.target) {
			return t.name
		}
	}
	if name := typeByType(err); name != "" {
		return name
	}
	for _, t := range []struct {
		target error
		name   string
	}{
		{io.EOF, typeBroken},
		{io.ErrUnexpectedEOF, typeBroken},
		{net.ErrClosed, typeBroken},
		{pool.ErrAttemptTimeout, typeLimit},
		{proxy.ErrNoServers, typeNoServers},
		{proxy.ErrStopped, typeStopped},
		{proxy.ErrNoCaller, typeNoCaller},
		{context.DeadlineExceeded, typeDeadline},
		{context.Canceled, typeCanceled},
	} {
		if contain.Is(err, t.target) {
			return t.name
		}
	}
	if e, ok := contain.As[*proxy.CallError](err); ok && e.Phase == pool.PhaseRemote {
		return typeRemote
	}
	return typeUnclassified
}

// typeByType is the class of an error that has a type of its own; empty: it has none.
func typeByType(err error) string {
	switch {
	case has[*pool.TLSError](err):
		return typeTLS
	case has[*pool.DialError](err):
		return typeUnreachable
	case has[*pool.ProtocolError](err):
		return typeProtocol
	case has[*pool.SizeError](err), has[*pool.RoomError](err):
		return typeSize
	case has[*pool.EncodeError](err):
		return typeEncode
	case has[*pool.DecodeError](err):
		return typeDecode
	case has[*pool.HoldError](err):
		return typeHold
	case has[*pool.AgentPanicError](err):
		return typePanic
	case has[*net.OpError](err):
		return typeBroken
	}
	return ""
}

func has[E error](err error) bool {
	_, ok := contain.As[E](err)
	return ok
}

// errorText is an error as it is shown: printable, without tokens, and then cut, so that no part of a
// token is left at the end.
func errorText(err error) string {
	var text string
	if e, ok := err.(*proxy.CallError); ok { //nolint:errorlint // of the error itself: the server and the phase have attributes
		p := contain.Call(func() { text = e.Cause() })
		if p != nil {
			err = errors.New(p.Error())
		}
	}
	if text == "" {
		text = contain.ErrorText(err, mostErrorExamined)
	}
	return printable.Line(printable.WithoutTokens(text), mostErrorShown)
}
