// Package messages is the vocabulary of the proxy: the values that describe
// servers and the two sealed sets of messages that its actors take.
//
//   - [Message] messages go to the owner of the server list: what an agent sends
//     it ([HeartbeatUpdate], [FailureNotice], [RebalanceTick], [SetServers],
//     [SetBackups], [AddBackup], [AddPrimary], [RemoveServer]) and what its own
//     helpers report back ([ProbeDone], [DiscoveryDone], [Recovered]).
//   - [Pool] messages go to the owner of the connections.
//
// A [Server] is one server's RPC endpoint, made by [ParseServer]; a [View] is an
// immutable picture of the list that readers share without a lock.
//
// What the owner refuses it answers with a typed error: [AddrError], [AddrsError],
// [UpdateError], [ErrNoAddrs].
//
// Messages are plain values, whose one method answers them when the owner ends
// first. The sender gives it away: its slices must not be changed afterwards. A message
// with a Reply is answered exactly once; with a zero Reply no answer is sent.
package messages
