// Command failover measures how late heartbeats get when servers fail, on a
// network where they can fail for real. It needs Linux, root and iproute2:
//
//	go run ./testutil/failover
//
// # The network
//
// Each server and each agent is a process in a network namespace of its own,
// with one interface in 10.77.0.0/16, whose other end is on a bridge in yet
// another namespace. A sidecar is a process of its own in the namespace of its agent, which
// reaches it at 127.0.0.1. Nothing is changed in the namespace the command is started
// in. Everything is removed at the end, however it comes; what a run that was
// killed has left behind is removed by the next.
//
// # The servers
//
// They are puppets of package testutil. The command plays Raft and gossip: it
// tells each server which live and which leads, with the delays a real cluster has.
// After the leader is gone, calls are forwarded to it for about a second (and
// refused, or left without an answer if it went silent; the first one of each
// follower ends with "stream closed" if the leader ended in an orderly way, with
// "EOF" if it died: golden leader_interrupted, leader_killed), then waiting, until a
// new leader is elected 1.4 to 2.4 s after the loss. A leader that hands the lead
// over refuses writes for 20 to 100 ms ("leadership transfer in progress"), then for
// 5 to 20 ms because it has stepped down ("node is not the leader"); then calls are
// waiting for 40 to 100 ms, until the successor leads (golden leadership_transfer, in
// which all of it took 75 ms). Heartbeats cease to name a lost
// server after 4.5 to 6.5 s. A server that is cut off loses its leader within a
// second. A server that comes back knows the leader after 0.5 to 1.2 s.
// Registrations count as replicated: every server knows every node.
//
// # The agents
//
// There are as many of each kind; -clients chooses kinds.
//
// Ours embeds package proxy as a Nomad client would: started with the three
// addresses, registered once, one blocking query always pending, heartbeats with
// a soft deadline, half the grace after they are due. The stock one is that of package
// stockagent, which does what Nomad's own does: one list that is rotated at every
// error, yamux with its default keepalive, heartbeats that are not repeated on
// another server but after a pause; when it moves, it shuffles the list, pings the
// server in front, and leaves the other session as it is, with its blocking query. It
// moves only when it is ordered to, and repeats a query after a second or two where Nomad's
// waits for half a minute. The third kind, "sidecar", is the same agent with a sidecar of
// package sidecar as its only server; the sidecar is started with the three addresses, and it
// is what moves. All send the next heartbeat when the TTL of the last one is over, not
// before. All answer what servers call them for.
//
// # The faults
//
//	sigint             the server ends in an orderly way
//	sigkill            it is killed
//	black-hole         its link is taken off the bridge
//	one-way            its agents' packets to it are lost, its own are not
//	sigstop            it is frozen for 62 s
//	pings-only         its connections live, and it answers pings and no calls
//	no-stream          they live, and it accepts no stream on them and ends the idle ones
//	method-hangs       they live, and it answers all calls but heartbeats
//	leader-kill        the leader is killed
//	leader-black-hole  the leader's link is taken off the bridge
//	leader-transfer    the leader hands the lead over; nothing dies
//	leader-stop        the leader ends in an orderly way, behind the agents' servers
//	roll               all servers are restarted, one after the other
//	rebalance          nothing fails: the agents choose other servers
//
//	sidecar-restart       the sidecars are killed, and listen again within 2 s
//	sidecar-late-restart  they are killed, and started again after 8 s
//	sidecar-freeze        they are frozen for 10 s
//
// A fault comes at a random moment and hits the server with the most agents; if
// that one leads, it is made to hand over the lead before, except for the faults
// that are about the leader. A leader that ends does so when a heartbeat of an agent
// of another server is due. The lead is handed over several times, 3 s apart or
// more, each time when a heartbeat is due, of each kind of agents in turn; only the
// agents whose heartbeat was due meanwhile are measured, and every heartbeat changes
// the node's status, for one that changes nothing is no write and not refused.
//
// A server that hangs (pings-only, no-stream, method-hangs) is killed and restarted in
// the end, as an operator would: an agent without deadlines waits for it until then.
//
// Each sidecar fails at a moment of its own: when a heartbeat of its agent will be due soon, at
// random, but neither at once nor so late that the sidecar is back by then. It has a tenth of
// the time that it is gone before and behind, at least: one that is gone for as long as the grace
// would else miss the heartbeat whatever it did. The agents of other kinds are looked at
// beside.
//
// In rebalance every agent shuffles its servers three times, while each server calls
// each agent once a second and the log of each agent is followed by the server that
// it was attached to at first. The calls go on for longer than the time to drain after
// the last move.
//
// # The figures
//
// Of the agents that were attached to the server: late is the time from when
// their next heartbeat was due until one succeeded (for roll: their latest one);
// late again counts those that were late more than once;
// gap is the longest time between two that succeeded, up to the moment when all
// is well again; missed is how many had a gap longer than TTL and grace, so that
// the cluster would have given them up; failed calls are the heartbeats' attempts
// that the client returned an error for. The row of leader-stop is about the agents
// attached to the other servers, "elsewhere" about the leader's own.
//
// The way back counts the calls of servers to agents that failed. A puppet uses only
// sessions of its own; a server of a real cluster forwards the call to a server that
// has one. So a call that was not made for want of a session counts as failed if no
// server had one within 2 s; and if the agent had been attached to the server for
// 2 s, the call counts as one without a session, which does no harm but shows what
// the server had not learned. A follow is cut if it ended before the server ended it,
// lost a line, or brought none for 15 s. Sessions are those that all servers have of
// an agent, looked at once a second.
//
// The same limits hold for ours and for agents with a sidecar; none hold for stock agents. The
// exit code is 1 if one of these missed a heartbeat, wherever it was, was later than it may
// be, or had a call fail where none may, and 2 if nothing could be
// measured. Against the limits, not in the table, time counts for
// nothing in which the machine did not run the agent, a server or the command,
// although it was to; how much there was is printed.
package main
