// Package proxy reaches a cluster of Nomad servers for an agent: it knows which
// servers there are, chooses the one that carries the next call, leaves it when
// it fails, and moves on by itself from time to time so that load spreads over
// the cluster.
//
// [Start] makes a [Proxy] from a [Config], of which Servers or a Discoverer is all
// that is usually needed; without either it waits to be told, as by [Proxy.SetServers]:
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
// discovery. It decides, publishes a new [messages.View] and then answers who
// waits, so that everybody reads their own write. No call passes through it: a
// call loads the published view and goes out. Only what went wrong becomes a
// message.
//
// # What holds
//
//   - FindServer, View and the other reads neither wait nor allocate, and what
//     they gave out never changes.
//   - A heartbeat that names no usable server never empties the list.
//   - However many calls fail together on one server, they rotate it away once;
//     calls that failed on different servers are all heeded.
//   - An answer, be it an error such as a denied permission, is no failure of the
//     server that gave it.
//   - A call that a server may have executed is sent again only if its [Class]
//     says that this does no harm; see [WithClass].
//   - Every failed call is a [*CallError] that says how far it came and whether
//     it may have been executed.
//   - Names are resolved at each dial, and after each round. One that does not resolve
//     yet is a server that has failed, not an error.
//   - An address is not a server: when what is behind it has no leader, or its name
//     leads elsewhere, it is connected to anew, and the better session is used.
//   - Retries of a call end with its context, without a deadline with
//     Config.RetryTimeout; their number is bounded over all calls.
//   - After Stop every call and message is answered with [ErrStopped], and no
//     goroutine is left. A message with a Reply that Send accepted is answered,
//     whatever ends the proxy.
//   - A fault of an owner closes [Proxy.Done]; [Proxy.Err], FindServer and every call
//     say which one it was.
//
// # The way back
//
// The configured servers, or those that SetServers put in their place, are never
// forgotten: heartbeats override them, and the agent has them back, with those that
// AddPrimary added, as soon as no server answers, or no heartbeat has named a
// leader for three lifetimes. From then on Config.Discoverer is asked too, until a
// server serves the agent again; while all is well it is never asked. Packages
// proxy/discover, proxy/discover/dns and proxy/discover/consul have discoverers; an
// agent links those it imports. Config.StateFile keeps what worked over a restart.
//
// [Proxy.Explain] says which server is in front, why, and what led to it.
//
// # Connections of one's own
//
// By default the proxy makes a pool from Config.Pool. An agent with connections
// of its own gives a [Pinger] instead. If it is a [Caller] too, Call goes over it;
// if not, the agent takes FindServer before each call of its own and reports what
// fails with [Proxy.NotifyFailed]. A Pinger, Caller or Discoverer runs in several
// goroutines, must return when its context ends, and must not panic: as in any
// goroutine, a panic there ends the program.
package proxy
