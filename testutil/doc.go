// Package testutil is a Nomad server to test agents against: real TCP, the real
// protocol, no Nomad. It answers truthfully until a test makes it fail, which
// can be done in many ways, while it runs.
//
// # Servers
//
// [StartServer] starts one [Server], a cluster of one. [StartCluster] starts
// several that know each other: heartbeat replies name the living ones in random
// order, one of them leads, another is elected when it dies, and without a
// majority there is no leader. Servers join, leave, die and come back on the same
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
//	Status.Members, Status.RaftStats  at once
//	Status.HasNodeConn                at once: has this server a session of the node?
//	Node.Register                     enters a node and grants a TTL
//	Node.UpdateStatus                 the heartbeat
//	Node.Deregister, Node.GetNode     forgets a node; shows it
//	Node.GetClientAllocs              a blocking query; SetAllocs wakes it
//	Node.UpdateAlloc                  takes what a node reports of its allocations
//	Echo.Echo        anything         the arguments come back
//	Echo.Count       {ID}             counts executions; see Executions
//	Echo.Once        {ID}             the same, an error from the second time on
//	Echo.Write       {ID}             the same, but the leader has to apply it
//	Echo.Sleep       {Duration}       answers after so many nanoseconds
//	Echo.Stream      {Count, Payload} streaming: so many frames
//	Echo.Exec                         streaming: a command that writes what it reads
//	Event.Stream     {Topics, Index}  streaming: what happens to nodes
//	Agent.Monitor    {PlainText, ...} streaming: the text of Log, or the log of a node
//	FileSystem.Logs, FileSystem.Stream, Allocations.Exec
//	                 {AllocID, ...}   streaming: relayed to the node that runs it
//
// What the calling methods say of the state of a cluster is true: a test may
// compare the server list its agent holds with [Cluster.Live]. Requests are
// refused for the reasons, in the words and in the order of Nomad 2.0.6; among
// them is a node's ID that is no UUID ([NodeID] makes one). Only a
// letter and up to three digits, such as "n1", pass too, for tests that name their
// nodes by hand.
//
// # Calls to a client
//
// [Server.CallNode] and [Server.StreamNode] call a client over the client's own
// connection. A session is a node's from the first Node.Register,
// Node.UpdateStatus, Node.GetClientAllocs or Node.UpdateAlloc on it that names
// the node, and no other node's afterwards. A server keeps all sessions of a
// node, and calls over the one that became the node's last; one that has none
// goes through the server that has the newest. [FrameReader] reads what a
// streaming call brings.
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
// the network, and the rest goes on. [Server.Tell] sets which
// servers are members, which live and which leads.
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
// Some change the cluster:
//
//	TransferLeadership  writes are refused for a while, then another leads
//	StopLeader          the leader ends in an orderly way, behind its followers
//
// ClusterConfig.FirstElection and KeyringDelay make a cluster that is just born.
//
// A [Fault] changes what becomes of single requests. Faults add up, stay until
// [Server.Heal], and can be narrowed to a method and to a number of requests:
//
//	server.Inject(testutil.ExecuteThenReset().On("Echo.Count").Times(1))
//
// [ForwardFailure] answers as a server does that cannot have a request executed by
// the leader, in any of the words that there are, and with what they mean: the
// request ran, or it did not.
//
// # Observing
//
// [Server.Counts] tells of connections, streams and requests, [Cluster.Nodes] of
// registrations and heartbeats, and Executions how often a request ran, which
// is how a test shows that nothing ran twice. [Cluster.NodeConns] counts the
// sessions of one node, [Cluster.Conns] all connections: now, at most, and ever.
// [Server.Connections] lists those that are open, with the streams on each.
//
// # Recordings
//
// [LoadGolden] returns recordings of conversations with real servers, a [Player]
// plays the server's side of one. The tests of this package play the client's side
// of every one to a cluster in the same situation, and hold each frame of the
// answers against those of the real server.
// make record makes them anew against servers of yours; [LoadTranscript] reads those.
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
// death, and elections take as long as configured. Nodes that send no heartbeats
// are not declared down. Identities look like real ones, but only their cluster
// can check them. Access control is limited to the tokens of nodes.
package testutil
