// Package roster is the core of the owner of the server list: all of its state
// and every decision, without a goroutine, a socket, a clock or a log of its own.
//
// A [Roster] takes messages and deadlines and answers with effects:
//
//	r := roster.New(cfg, rng)
//	r.Start(now)            // publishes the first view
//	r.Step(now, message)    // one message in
//	r.Expire(now)           // whatever is due at Deadline
//	for _, e := range r.Take() {
//		// carry e out
//	}
//
// It is deterministic: the same configuration, random source, messages and times
// give the same effects. Nothing depends on the order of a map or on the wall
// clock, so one core runs behind a mailbox and a hundred thousand of them run
// under a simulated clock.
//
// # Invariants
//
//   - The ranking is the primaries in order, then the backups in order. An
//     address stands in it once.
//   - The active server is the first in the ranking that may know a leader. When
//     there is none, it is the first that answers without knowing one, and when
//     all have failed, the one whose failure is the oldest.
//   - A server that knows no leader is never made alive by an answer, only by a
//     heartbeat that names one. A probe can give it no more than a chance.
//   - Notices formed from one view make another server active once per server,
//     and once in all where no server is known to have a leader.
//   - A failover, or a server that joins, brings a round forward and never puts one
//     off; the regular round comes all the same. While no server answers only the
//     regular rounds come.
//   - Agents that meet an event together never begin their rounds together.
//   - The epoch grows by one with each published [messages.View], and a step that
//     changes nothing visible publishes nothing.
//   - A step's Publish comes before its Answers: a caller reads its own write.
//   - Every awaited Reply is answered exactly once: at the end of its step, or of
//     the round it waits for.
//   - While former servers are retained, no primary beside them is known to answer.
//   - At most one rebalance round and one discovery run are under way. A round is
//     over after Config.ProbeTimeout even if no probe reports.
//   - What has been published is never edited.
//
// # Files
//
//	roster.go     the state and the four entry points
//	config.go     the configuration and its defaults
//	effect.go     what the shell is told to do; log.go the log lines among it
//	outbox.go     the order of effects
//	publish.go    views and epochs
//	entry.go      one server; list.go the ranking of all of them
//	health.go     failure notices and recoveries
//	leaderless.go servers that answer and know no leader
//	reconnect.go  when the way to a server that stays leaderless is made anew
//	behind.go     servers that answer probes and leave calls unanswered
//	suspicion.go  who can bear witness against a silent server
//	heartbeat.go  what a heartbeat changes; repeat.go heartbeats that change nothing
//	held.go       servers that a heartbeat replaces by ones that may not be reachable
//	members.go    adding and removing servers by hand
//	seeds.go      the servers to begin with: configured, or given by hand
//	quorum.go     when the agent counts as an orphan; denials.go answers without a leader
//	discovery.go  when discovery runs and what becomes of its findings
//	round.go      a rebalance round; adopt.go how it ends; policy.go its candidates
//	displaced.go  where an agent goes after a failover, or when servers have joined
//	seat.go       where one with a seat goes
//	sweep.go      whom a round tries of a long list
//	schedule.go   when the next round is due; interval.go the times it follows from
//	episode.go    from the first sign of trouble until a server serves the agent again
//	failures.go   why each server does not answer
//	waiting.go    whom a shell that ends leaves without an answer
//	why.go        why the active server is that
//	throttle.go   warnings that must not repeat
//	bounds.go     how much is kept of a text from outside
package roster
