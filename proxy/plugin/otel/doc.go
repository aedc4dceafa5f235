// Package otel shows a Proxy to OpenTelemetry, as traces and as metrics. It uses the API of
// OpenTelemetry only: what samples and exports is the agent's own.
//
// An [Observer] is one of proxy.Config.Observers:
//
//	observer, err := otel.New(otel.Config{}) // with the global providers
//	...
//	p, err := proxy.Start(proxy.Config{Servers: servers, Observers: []proxy.Observer{observer}})
//
// Spans begin and end, and the first three metrics are recorded, in the goroutine of the call: a span processor
// must not block, as the batching one of OpenTelemetry's SDK does not.
//
// # Traces
//
// Each call, and the opening of each stream, is a span of kind client, a child of the span in the
// caller's context. The semantic conventions for RPC give its name and attributes: its name is
// the method, rpc.system.name is "nomad", rpc.method is the method, server.address and server.port are
// those of the server that answered or failed last, error.type is a class of errors, see
// [ErrorType]. A method that no server has, or that has not the form Service.Method, is "_OTHER".
// The address that a name was resolved to is not known here, so there is no
// network.peer.address. Ours begin with "rpcproxy.":
//
//	rpcproxy.call.class      read, idempotent or at most once
//	rpcproxy.call.stream     whether it opens a stream
//	rpcproxy.call.tenant     whether it is of a Tenant
//	rpcproxy.call.attempts   how often it was given to a server
//	rpcproxy.call.outcome    answered, rejected, not_sent or maybe_executed
//
// A span has these events, the first 64 attempts among them:
//
//	rpcproxy.attempt   at the end of each attempt: rpcproxy.attempt.number, .phase, .pause and .duration (seconds),
//	                   .outcome, .error; server.address, server.port, error.type
//	rpcproxy.move      another server became the active one, while the call was under way, instead of a server on which it
//	                   failed: rpcproxy.move.from, .to, .reason, .failover, .trouble (seconds), .epoch
//
// Moves come also when no call is made. So each move is a span of its own too, "rpcproxy.move",
// from the first sign of trouble on, with links to up to 16 calls that failed on the server that was
// left.
//
// # Metrics
//
// Durations are in seconds.
//
//	rpc.client.call.duration     s          histogram  rpc.system.name, rpc.method, error.type, rpcproxy.call.outcome
//	rpcproxy.attempts            {attempt}  counter    server.address, server.port, rpcproxy.attempt.phase, .outcome
//	rpcproxy.failover.duration   s          histogram  rpcproxy.move.reason
//	rpcproxy.calls               {call}     counter    rpcproxy.call.outcome
//	rpcproxy.retries             {attempt}  counter
//	rpcproxy.retry.tokens        {attempt}  gauge
//	rpcproxy.moves               {move}     counter    rpcproxy.move.reason, rpcproxy.move.failover
//	rpcproxy.rounds              {round}    counter    rpcproxy.round.result
//	rpcproxy.discoveries         {run}      counter    rpcproxy.discovery.source, rpcproxy.discovery.result
//	rpcproxy.unserved.time       s          counter
//	rpcproxy.heartbeat.margin    s          gauge
//	rpcproxy.heartbeat.ttl       s          gauge
//	rpcproxy.active.time         s          gauge
//	rpcproxy.cluster.nodes       {node}     gauge
//	rpcproxy.servers             {server}   up-down    rpcproxy.server.role, rpcproxy.server.health
//	rpcproxy.server.rtt          s          gauge      server.address, server.port, rpcproxy.quantile
//	rpcproxy.sessions            {session}  up-down    server.address, server.port
//	rpcproxy.streams             {stream}   up-down    server.address, server.port, rpcproxy.stream.direction
//	rpcproxy.calls.active        {call}     up-down    server.address, server.port
//	rpcproxy.dials               {dial}     counter
//	rpcproxy.dial.failures       {dial}     counter
//	rpcproxy.io                  By         counter    network.io.direction
//	rpcproxy.reverse.calls       {call}     counter
//	rpcproxy.panics              {panic}    counter
//	rpcproxy.lost.events         {event}    counter
//	rpcproxy.lost.lines          {line}     counter
//
// The first three are recorded as things happen; all others are read from Proxy.Snapshot when a
// reader collects, which blocks nothing. The sets of attributes are bounded: methods have their own
// names once a server has answered them, the first 64, and servers the first 128; what is beyond is
// "_OTHER".
//
// No span or metric has arguments, replies or tokens in it. Texts of errors stand in spans only,
// printable, cut, and without what has the form of a token.
//
// It is a module of its own, so that OpenTelemetry reaches only who wants it. It is under the licence of
// the module around it (MPL-2.0, LICENSE at its top).
package otel
