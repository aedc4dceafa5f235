// Package testutil is a Nomad server to test agents against: real TCP, the real
// protocol, no Nomad. It answers truthfully until it is told to fail, and it can
// be told to fail in many ways, while it runs.
//
// # Servers
//
// [StartServer] starts one [Server], a cluster of one. [StartCluster] starts
// several that know each other: heartbeat replies name the living ones in random
// order, one of them leads, another is elected when it dies, and without a
// majority nobody leads. Servers join, leave, die and come back on the same
// address. All of them share the registered nodes.
//
//	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
//	...
//	defer cluster.Stop(ctx)
//	agent := startAgent(cluster.Addrs())
//
// A server knows these methods, and those added with [Server.Handle] and
// [Server.HandleStream]:
//
//	Status.Ping                       at once, by any server
//	Status.Leader, Status.Peers       by the leader, or at once with AllowStale
//	Status.Members                    at once
//	Node.Register                     enters a node and grants a TTL
//	Node.UpdateStatus                 the heartbeat
//	Node.GetClientAllocs              a blocking query; SetAllocs wakes it
//	Echo.Echo        anything         the arguments come back
//	Echo.Count       {ID}             counts executions; see Executions
//	Echo.Once        {ID}             the same, an error from the second time on
//	Echo.Sleep       {Duration}       answers after so many nanoseconds
//	Echo.Stream      {Count, Payload} streaming: so many frames
//
// What the calling methods say of the state of a cluster is true: a test may
// compare the server list its agent holds with [Cluster.Live]. [Server.CallNode]
// and [Server.StreamNode] call a client over the client's own connection.
//
// # TLS
//
// [NewCA] makes an authority in memory. It issues what servers and clients of a
// region show, and what they should not: other names, other times, other
// authorities. [CA.ServerTLS] is for ServerConfig.TLS.
//
// # Processes
//
// [StartPuppet] starts one server of a cluster whose other servers are other
// processes, so that one can be killed or stopped by a signal, or cut off from
// the network, and the rest goes on. Who is a member, who lives and who leads is
// what [Server.Tell] says.
//
// # Failing
//
// Some verbs change the state of a whole server:
//
//	Kill      resets all connections, dialling is refused
//	Shutdown  ends all connections with a FIN, dialling is refused
//	Refuse    dialling is refused, open connections go on; ended by Accept
//	Freeze    silence on old and new connections alike; ended by Thaw
//	GoAway    no further streams on the sessions there are
//	Restart   a fresh process on the same address
//
// A [Fault] changes what becomes of single requests. Faults add up, stay until
// [Server.Heal], and can be narrowed to a method and to a number of requests:
//
//	server.Inject(testutil.ExecuteThenReset().On("Echo.Count").Times(1))
//
// # Consul
//
// [StartConsul] starts the HTTP API of a Consul agent, as far as looking for
// services goes: datacenters, registrations that change while it runs, ACLs, TLS.
// A [ConsulFault] makes it fail, [Consul.Requests] and [Consul.Counts] tell what it
// was asked.
//
// # Observing
//
// [Server.Counts] tells of connections, streams and requests, [Cluster.Nodes] of
// registrations and heartbeats, and Executions how often a request ran, which
// is how a test shows that nothing ran twice.
//
// # Recordings
//
// [LoadGolden] returns recordings of conversations with real servers, a [Player]
// plays the server's side of one. The tests of this package hold the server
// itself against them.
//
// # Leaks
//
// [Main] and [VerifyNone] fail a package or a test that leaves goroutines
// behind. Stopping a server or a cluster ends all of theirs.
//
// # Time
//
// A [Stopwatch] measures what must not take long, and leaves out the time in which
// the machine did not run the test. [StartPulse] tells of each such [Stall], for
// programs that judge what several processes did; [Stalled] adds them up.
//
// # What it is not
//
// There is no Raft, no gossip and no scheduler: a server counts as dead the
// moment it is killed, shut down or frozen, its cluster's state survives every
// death, and elections take as long as configured. Identities are not signed.
// Access control is limited to the tokens of nodes.
package testutil
