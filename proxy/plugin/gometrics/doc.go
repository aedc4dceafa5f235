// Package gometrics gives a Proxy's metrics to github.com/hashicorp/go-metrics, as Nomad's agent
// does with its own: durations are samples in milliseconds, what happens is counted as it happens,
// and levels are gauges that are emitted again and again. No call waits for a sink.
//
// An [Emitter] is one of proxy.Config.Observers. An agent that has set go-metrics up for itself
// needs no more than this:
//
//	emitter := gometrics.New(gometrics.Config{})
//	p, err := proxy.Start(proxy.Config{Servers: servers, Observers: []proxy.Observer{emitter}})
//	...
//	go emitter.Run(ctx, time.Second) // telemetry.collection_interval; or call Emit in a loop of its own
//
// Names follow Config.Prefix, "client" and "rpc" by default, and what go-metrics is set up with: with the
// service name "nomad" the first one is nomad.client.rpc.call. None is among those of Nomad's own
// client (nomad.client.rpc.accept_conn, request and request_error tell of calls that servers make).
//
// As it happens:
//
//	call                 ms       timer    method, outcome   a call, pauses and all attempts included; a stream until it was open
//	attempt              attempt  counter  server, phase     an attempt of a call, by how far it came
//	retry                attempt  counter                    attempts beyond the first one of a call
//	move                 move     counter  reason            another server became the active one
//	failover             ms       timer    reason            from the first sign of trouble until another server was in front
//	round                ms       timer    result            a rebalance round
//	discovery            ms       timer    result            a run of discovery
//	heartbeat.left       ms       timer                      what was left of the TTL when a heartbeat was answered; negative if it had ended
//	session.dial         ms       timer    server            a connection came up; without those of tenants
//	session.down         session  counter  server            a connection ended; without those of tenants
//
// By Emit and Run, of the time since the last one:
//
//	unserved             ms       counter                    time without a server that was known to serve the agent
//	dials                dial     counter                    dials begun, without those of tenants
//	dial_failures        dial     counter                    dials that failed or were late, without those of tenants
//	received             byte     counter                    read from servers, without those of tenants
//	sent                 byte     counter                    written to servers, without those of tenants
//	reverse_calls        call     counter                    calls and streaming calls that servers made, without those to tenants
//	panics               panic    counter                    panics of the agent's own code that were contained
//	lost_events          event    counter                    events that observers did not keep up with
//	lost_log_lines       line     counter                    log lines that their writer did not keep up with
//	lost                 metric   counter                    what of the table above the sink did not keep up with, or panicked over
//
// By Emit and Run, as it is:
//
//	heartbeat.margin     ms       gauge                      what is left of the TTL of the last heartbeat; negative once it has ended
//	heartbeat.ttl        ms       gauge                      that the last heartbeat granted
//	active               ms       gauge                      for how long the active server has been in front; absent without one
//	retry_tokens         attempt  gauge                      retries that are left before the pauses between attempts get long
//	cluster_nodes        node     gauge                      as the last heartbeat said
//	servers              server   gauge    role, health      known servers
//	server.rtt_p50       ms       gauge    server            median of how long a server took to answer over the last five minutes
//	server.rtt_p99       ms       gauge    server            what 99 of 100 answers of a server took at most over the last five minutes
//	sessions             session  gauge    server            connections
//	calls_in_flight      call     gauge    server            calls on connections
//	streams              stream   gauge    server, direction open streaming calls, and streams of servers
//
// A gauge of servers, sessions, calls or streams that there are no more is emitted once more, as 0. The
// sets of labels are bounded: methods have labels of their own once a server has answered them, the first
// 64, and servers the first 128; what is beyond is "other". No label holds a token, the text of an error, or a
// name that was not checked.
//
// It is a module of its own, so that go-metrics reaches only who wants it. It is under the licence of
// the module around it (MPL-2.0, LICENSE at its top).
package gometrics
