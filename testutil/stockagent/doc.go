// Package stockagent is an agent that behaves on the wire as a client agent of
// Nomad 2.0.6 does, without Nomad: for tests of servers, and of what stands between
// agents and servers. [Start] makes an [Agent].
//
//	agent, err := stockagent.Start(stockagent.Config{Servers: cluster.Addrs()})
//	...
//	defer agent.Stop(ctx)
//	_, err = agent.Await(ctx, func(s stockagent.Stats) bool { return s.Heartbeats >= 3 })
//
// # What it does
//
// The recording real_client_agent of package testutil is what it is compared with; the
// requests are the recorded ones, with the agent's own names in them. It
//
//   - pings every configured server, then registers its node;
//   - asks for its allocations, from then on in a blocking query that is always pending;
//   - sends a heartbeat at once, and whenever the TTL of the last one is over;
//   - registers again when a heartbeat is answered "node not found", and when a test
//     asks for it ([Agent.Register]), as an agent does whose attributes have changed;
//   - has one yamux session per server, on which calls of up to two idle streams follow
//     one another, and ends a session that was not used for five minutes;
//   - makes a connection of its own for each streaming call ([Agent.Stream]);
//   - answers what servers call it for, see [Handlers].
//
// # What it does when something fails
//
// The list of servers is that of the last answer to a registration or a heartbeat, in
// random order. Calls go to the first. Any error, also one that a server answered,
// moves it to the end of the list. A call is repeated on the next server, after a pause of
// up to a sixteenth of the hold time (5 s), for no longer than the hold time and the time
// that a query may block:
//
//   - if the answer was that there is no leader, or
//   - if the call reads, and its connection ended, or that of a server that forwarded it.
//
// So a heartbeat is not repeated but comes again after a pause of its own: some seconds,
// and half a minute if there was no leader or if it is very late. A dial that failed is not
// repeated either. Nothing has a deadline but dialing (10 s); a silent server is noticed by
// yamux's keepalive. After an error that was answered the stream is closed.
//
// What Nomad does besides and this does not: it looks for servers in Consul, updates
// allocations, sends node events, and sends a heartbeat also after some of its other calls.
//
// # Misbehaving
//
// A [Fault] makes an agent a bad neighbour: it sends what is no protocol, reads nothing,
// answers nothing, or asks for too much. [Agent.Heal] ends that.
package stockagent
