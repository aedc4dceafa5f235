// Record makes the recordings of package testutil anew, against Nomad servers that a
// person names, so that another version of Nomad can be compared:
//
//	make record SERVERS=10.0.0.1:4647 OUT=dir
//	make record SERVERS=... OUT=dir CONVERSATIONS=ping,keepalive REGION=eu \
//		CA=nomad-agent-ca.pem CERT=client.pem KEY=client-key.pem
//
// It makes the calls of each recording again, in the same order and with the same
// bytes but for what belongs to one cluster: IDs of nodes and allocations and secrets
// are new, the region is the given one, identities and indexes are those that the
// servers answer. It makes no other calls but Status.Leader, which finds the leader
// and a follower, and Status.Members, which reports the version. The recordings
// register nodes and never deregister most of them: use a cluster for tests.
//
// Each recording goes to OUT, one JSON file each, with the version of the server that
// answered; testutil.LoadTranscript and testutil.Player read them. Record asks before
// it replaces a file. The signatures of identities are blanked. Where the answers
// differ in kind or error from the recordings of this tree, it prints the difference.
//
// Recordings for which a server must die, a leader change or an agent run cannot be
// made so; Record lists them.
package main
