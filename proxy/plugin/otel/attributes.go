package otel

import (
	"net"
	"slices"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/open-nomad/rpcproxy/internal/labels"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// otherName is what the conventions call what has no name of its own.
const otherName = "_OTHER"

// system is rpc.system.name, and the name of spans of which the method is not known.
const system = "nomad"

// The attributes that the conventions do not have.
const (
	keyClass    = attribute.Key("rpcproxy.call.class")
	keyStream   = attribute.Key("rpcproxy.call.stream")
	keyTenant   = attribute.Key("rpcproxy.call.tenant")
	keyAttempts = attribute.Key("rpcproxy.call.attempts")
	keyOutcome  = attribute.Key("rpcproxy.call.outcome")

	keyNumber         = attribute.Key("rpcproxy.attempt.number")
	keyPhase          = attribute.Key("rpcproxy.attempt.phase")
	keyPause          = attribute.Key("rpcproxy.attempt.pause")
	keyDuration       = attribute.Key("rpcproxy.attempt.duration")
	keyAttemptOutcome = attribute.Key("rpcproxy.attempt.outcome")
	keyAttemptError   = attribute.Key("rpcproxy.attempt.error")

	keyFrom      = attribute.Key("rpcproxy.move.from")
	keyTo        = attribute.Key("rpcproxy.move.to")
	keyReason    = attribute.Key("rpcproxy.move.reason")
	keyFailover  = attribute.Key("rpcproxy.move.failover")
	keyTrouble   = attribute.Key("rpcproxy.move.trouble")
	keyEpoch     = attribute.Key("rpcproxy.move.epoch")
	keyMoveError = attribute.Key("rpcproxy.move.error")

	keyRound     = attribute.Key("rpcproxy.round.result")
	keySource    = attribute.Key("rpcproxy.discovery.source")
	keyFound     = attribute.Key("rpcproxy.discovery.result")
	keyRole      = attribute.Key("rpcproxy.server.role")
	keyHealth    = attribute.Key("rpcproxy.server.health")
	keyQuantile  = attribute.Key("rpcproxy.quantile")
	keyDirection = attribute.Key("rpcproxy.stream.direction")
)

// place is the attributes of a server in spans.
func (o *Observer) place(addr string) []attribute.KeyValue {
	if label := o.servers.Label(addr, true); label != labels.Other {
		return o.places.Of(label, placeOf)
	}
	return placeOf(shownName(addr))
}

// bounded is the attributes of a label of a server in metrics.
func (o *Observer) bounded(label string) []attribute.KeyValue {
	if label == labels.Other {
		return otherPlace
	}
	return o.places.Of(label, placeOf)
}

var otherPlace = []attribute.KeyValue{semconv.ServerAddress(otherName)}

// placeOf is the attributes of an address that may be shown; appending to it makes a copy.
func placeOf(addr string) []attribute.KeyValue {
	host, port, err := net.SplitHostPort(addr)
	if n, bad := strconv.ParseUint(port, 10, 16); err == nil && bad == nil {
		return slices.Clip([]attribute.KeyValue{semconv.ServerAddress(host), semconv.ServerPort(int(n))})
	}
	return slices.Clip([]attribute.KeyValue{semconv.ServerAddress(addr)})
}

// shownName is a name from outside as it may be shown.
func shownName(name string) string { return printable.WithoutTokens(printable.Name(name)) }
