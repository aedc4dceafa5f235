// Package heartbeat keeps a node registered with its cluster: it registers the
// node, sends heartbeats in time over a [proxy.Proxy], gives the proxy the servers that
// replies name, and registers again when the cluster no longer knows the node.
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
// it is. The agent gets the cluster's replies by [Config.OnRegistered] and
// [Config.OnReply], and learns of late ones by [Config.OnMissed].
//
// # When a heartbeat is sent
//
// A reply grants a time to live (TTL). When the TTL and a grace period have passed without a
// heartbeat, the cluster takes the node for lost. Nomad's own client sends the next heartbeat when the TTL is
// over (recording real_client_agent), and relies on the grace. Here the next one is sent a margin before:
// a third of the TTL, at most 5 s, so that a server that is found silent at that
// moment costs a share of the margin (see [proxy.WithSoftDeadline]) and another server
// still gets the heartbeat within the TTL. Where answers take long the margin
// is twice what the last one took, at most half of the TTL. With a TTL of minutes a
// margin of 5 s hardly adds heartbeats; with 10 to 20 s it adds about half as many again. A random part of the TTL, up to a sixteenth, is taken off, so that agents that were
// granted the same TTL in the same second, as after a leader change, do not send at the
// same time.
//
// The TTL counts from when the call was sent, if that took no more than a quarter
// of the TTL, for the server's own count begins before its answer arrives.
//
// Servers grant no TTL to a node that reports [Down]: a heartbeat is sent every 23 to 30 s
// then, without a deadline.
//
// # Failures, and a fleet that has them at the same time
//
// Until the TTL ends one call tries every server. After that the deadline is missed, and
// haste would only hurt the cluster: calls
// follow each other with a pause of 1 s that doubles up to 8 s, or of the time that
// the servers need for all nodes of the cluster at 256 a second each, if that is
// longer (30 s at most); a random part, up to a half, is added. A call then goes on for 8 s
// at first and for up to 1 min later, with pauses of 1 to 2 s or, in such a fleet,
// longer ones (see [proxy.WithSoftDeadline]). When the proxy's view shows that the active
// server answers again, the pause between two calls ends early, spread as after a move.
//
// A call that a server refuses, such as a node without a name, is repeated after pauses of
// 1 s up to 30 s: [Heartbeat.SetNode] may have corrected it.
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
// heartbeated. When another server becomes active in the proxy's view, or the same one
// after its session broke or was replaced by one with other credentials, a heartbeat is
// sent there within half a second (in fleets of more than 2,048 nodes a server: within up
// to 5 s), unless it sent the last good reply on that session. Such heartbeats are at least
// 5 s apart.
//
// # Identity
//
// The first registration has [Config.Identity] as its token, else [Config.IntroToken], else
// none. Heartbeats have the signed identity of the last reply with one, and the secret as
// long as there is none. A heartbeat that is denied makes the node
// register again, with its identity: a server signs a new one in place of one that
// has expired. If that is denied too, the identity is forgotten.
//
// # Callbacks
//
// Callbacks run one at a time, in order, in a goroutine of their own. One that
// blocks delays no heartbeat: 64 events are queued meanwhile, after that the oldest are
// dropped. One that panics is logged with its stack, once for each line of code, and counted
// ([Heartbeat.Stats]), and the next event is delivered.
package heartbeat
