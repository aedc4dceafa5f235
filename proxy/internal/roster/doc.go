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
//   - While former servers are retained, no other primary is known to answer.
//   - At most one rebalance round and one discovery run are under way. A round is
//     over after Config.ProbeTimeout even if no probe reports.
//   - What has been published is never edited.
//
// # Files
//
// A file refers only to files of its own layer and below, and no files refer to each
// other.
//
//	config.go, policy.go, interval.go   the configuration; orders of servers; times between rounds
//	entry.go, known.go                  one server; what many rosters hold once
//	list.go, list_edit.go,              the ranking; joining and leaving it; its order;
//	list_order.go                       which former servers stay after a heartbeat
//	failures.go                         why each server does not answer
//	effect.go, log.go, outbox.go        what the shell is to do, and in which order
//	warnings.go, bounds.go              log lines that must not repeat; how much of a text is kept
//	round.go, quorum.go, discovery.go,  state with rules of its own: a round, the orphan state, discovery
//	heartbeat_repeat.go                 runs, the last heartbeat
//
//	roster.go, shared.go                the state of a Roster; what those of a fleet have in common
//	publish.go                          views and epochs
//	schedule.go                         when the next round is due
//	round_order.go, round_begin.go,     a round: its candidates, its beginning,
//	round_probe.go, round_end.go        its probes, its end and the new order
//	failover.go                         where an agent goes after a failover, or when servers have joined
//	health_mark.go, health.go           the health of a server; notices and reports about it
//	corroborate.go                      which servers are asked about a silent one
//	quorum_orphan.go                    what an orphan does: seeds, new connections to a leaderless server
//	heartbeat.go                        what a heartbeat changes; how retained servers are replaced
//	members.go                          adding and removing servers by hand
//	discovery_join.go                   what becomes of discovered servers
//	episode_log.go                      the log lines of an episode
//
//	step.go                             New, Start, Step, Expire, Deadline, Take, Waiting
package roster
