// Package heartbeat keeps a node registered with its cluster: it registers the
// node, sends heartbeats in time over a [proxy.Proxy], tells the proxy what the
// replies say about the servers, and registers again when the cluster no longer
// knows the node.
//
//	hb, err := heartbeat.Start(heartbeat.Config{
//		Proxy: p,
//		Node: heartbeat.Node{
//			ID: id, SecretID: secret, Name: "worker-1", Datacenter: "dc1",
//			Attributes: map[string]string{"nomad.version": "2.0.6"},
//		},
//	})
//	...
//	defer hb.Stop(ctx)
//
// [Config.Node] may be any value that encodes as Nomad's node does; it is sent as
// it is. What the cluster answers comes by [Config.OnRegistered], [Config.OnReply]
// and [Config.OnMissed].
//
// # When a heartbeat is sent
//
// A reply grants a time to live (TTL), after which, and a grace, the cluster takes
// the node for lost. Nomad's own client sends the next heartbeat when the TTL is
// over (recording real_client_agent), and relies on the grace. Here the next one is sent a margin before:
// a third of the TTL, at most 5 s, so that a server that is found silent at that
// moment costs a slice of the margin (see [proxy.WithSoftDeadline]) and the heartbeat
// still lands on another server within the TTL. Where answers take long the margin
// is twice what the last one took, at most half of the TTL. In a fleet whose TTL is
// minutes, 5 s are nothing; at a TTL of 10 to 20 s they cost half as many heartbeats
// again. Up to a sixteenth of the TTL is taken off by chance, so that agents that were granted
// the same TTL in the same second, as after a leader change, do not come back
// together.
//
// The TTL counts from when the call was sent, if that took no more than a quarter
// of the TTL, for the server's own count begins before its answer arrives.
//
// Without a TTL, which is what servers grant to a node that reports [Down], a
// heartbeat is sent every 23 to 30 s and no deadline holds.
//
// # Failures, and a fleet that has them together
//
// Until the TTL is over one call tries to land the heartbeat, on every server.
// After that the deadline is lost, and haste would only hurt the cluster: calls
// follow each other with a pause of 1 s that doubles up to 8 s, or of the time that
// the servers need for all nodes of the cluster at 256 a second each, if that is
// longer (30 s at most); half of it is added by chance. A call there tries for 8 s
// at first and for up to 1 min later, with pauses of 1 to 2 s or, in such a fleet,
// longer ones (see [proxy.WithSoftDeadline]). When the proxy's view shows that the server in
// front answers again, the pause between two calls ends early, spread as after a move.
//
// What a server refuses outright, such as a node without a name, is tried again
// after pauses of 1 s up to 30 s: [Heartbeat.SetNode] may have mended it.
//
// The first registration is sent at once. The heartbeat that makes the node ready
// follows at a random moment within a second for each thousand nodes of the
// cluster, 10 s at most. A node that the cluster no longer knows registers again at
// a random moment within a second for each thousand nodes, 1 min at most; each
// further time without a good heartbeat between, after the growing pause.
//
// # Moves
//
// A server reaches the node over the session on which it last registered or
// heartbeated. When another server comes to the front of the proxy's view, or the
// same one after its session broke or was replaced by one with other credentials, a
// heartbeat is sent there within half a second (in fleets of more than 2,048 nodes a
// server: within up to 5 s), unless the last one landed there. Such heartbeats are at
// least 5 s apart.
//
// # Identity
//
// The first registration shows [Config.Identity], else [Config.IntroToken], else
// nothing. Heartbeats show the signed identity that a reply brought, and the
// secret as long as there is none. A heartbeat that is denied makes the node
// register again, with its identity: a server signs a new one in place of one that
// has expired. If that is denied too, the identity is forgotten.
//
// # Callbacks
//
// Callbacks run one at a time, in order, in a goroutine of their own. One that
// blocks keeps no heartbeat waiting: 64 events wait for it, after that the oldest
// are dropped. One that panics is logged with its stack, and the next event is
// delivered.
package heartbeat
