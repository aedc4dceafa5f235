// Package messages is the vocabulary of the proxy: the values that describe
// servers and the sealed set of messages that the owner of the server list takes.
//
// A [Message] comes from the agent ([HeartbeatUpdate], [FailureNotice], [RebalanceTick],
// [SetServers], [SetBackups], [AddBackup], [AddPrimary], [RemoveServer]) or from the
// owner's own goroutines ([ProbeDone], [DiscoveryDone], [Recovered]).
//
// A [Server] is one server's RPC endpoint, made by [ParseServer]; a [View] is an
// immutable picture of the list that readers share without a lock.
//
// What the owner refuses it answers with a typed error: [AddrError], [AddrsError],
// [UpdateError], [ErrNoAddrs].
//
// Messages are plain values, whose one method answers them when the owner ends
// first. The sender gives a message away: its slices must not be changed afterwards. A
// message with a Reply answers it exactly once; with a zero Reply there is no answer.
package messages
