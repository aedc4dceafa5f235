// Package proxy reaches a cluster of Nomad servers for an agent: it keeps the list of
// servers, chooses the one that carries the next call (the active server), leaves it when
// it fails, and moves to another one from time to time so that load spreads over the
// cluster.
//
// [Start] makes a [Proxy] from a [Config], of which Servers or a Discoverer is usually
// enough; without either it waits until servers are added, as by [Proxy.SetServers]:
//
//	p, err := proxy.Start(proxy.Config{Servers: []string{"nomad.example.com"}})
//	...
//	defer p.Stop(ctx)
//	err = p.Call(ctx, "Node.UpdateStatus", args, &reply)
//	...
//	err = p.Heartbeat(ctx, messages.HeartbeatUpdate{Servers: reply.Servers, ...})
//
// # The owner
//
// One goroutine, the owner, holds the list of servers and takes one message at a
// time: heartbeats, failures, changes by hand, the results of probes and of
// discovery. It decides, publishes a new [messages.View] and then answers, so that each
// caller reads its own write. No call passes through the owner: a call loads the published
// view. Only failures become messages.
//
// # Guarantees
//
//   - FindServer, View and the other reads neither block nor allocate, and their results
//     never change.
//   - A heartbeat that names no usable server never empties the list.
//   - Calls that fail together on one server rotate it away once, however many they are;
//     calls that fail on different servers all count.
//   - An answer, also an error such as a denied permission, is no failure of its server.
//   - A call that a server may have executed is sent again only if its [Class] allows it;
//     see [WithClass].
//   - The error of a failed call is a [*CallError] with the phase in which it failed and
//     whether it may have been executed.
//   - Names are resolved at each dial, and after each round. One that does not resolve
//     yet is a server that has failed, not an error.
//   - An address may lead to another server later: when the present one has no leader, or
//     the name resolves to another address, the address is dialed anew, and the better
//     session is used.
//   - Retries of a call end with its context, without a deadline with Config.RetryTimeout;
//     their rate is bounded over all calls.
//   - After Stop every call and message is answered with [ErrStopped], and no
//     goroutine is left. A message with a Reply that Send accepted is answered,
//     whatever ends the proxy.
//   - A fault of an owner closes [Proxy.Done] and is the error of [Proxy.Err], FindServer
//     and every call.
//
// # The way back
//
// Heartbeats override the configured servers, or those that SetServers put in their place.
// These come back, with those that AddPrimary added, as soon as no server answers, or no
// heartbeat has named a leader for three lifetimes. From then on Config.Discoverer is asked
// too, until a server serves the agent again; otherwise it is never asked. Packages
// proxy/discover, proxy/discover/dns and proxy/discover/consul have discoverers; an
// agent links those it imports. Config.StateFile keeps servers that work over a restart.
//
// [Proxy.Explain] reports which server is active, why, and which decisions led to it.
//
// # Connections of the agent's own
//
// By default the proxy makes a pool from Config.Pool. An agent with connections
// of its own gives a [Pinger] instead. If it is a [Caller] too, Call goes over it;
// if not, the agent calls FindServer before each call of its own and reports failures
// with [Proxy.NotifyFailed]. A Pinger, Caller or Discoverer runs in several
// goroutines, and must return when its context ends. A panic of the agent's code, where
// the proxy or its pool calls it, is an error of that one call: it is logged with its stack,
// and counted, see [Proxy.Stats]. In a goroutine that the agent's code starts itself it ends the
// program, as any does.
package proxy
