// Command failover measures how late heartbeats get when servers fail, on a
// network where they can fail for real. It needs Linux, root and iproute2:
//
//	go run ./testutil/failover --stock
//
// # The network
//
// Each server and each agent is a process in a network namespace of its own,
// with one interface in 10.77.0.0/16, whose other end is on a bridge in yet
// another namespace. Nothing is changed in the namespace the command is started
// in. Everything is removed at the end, however it comes; what a run that was
// killed has left behind is removed by the next.
//
// # The servers
//
// They are puppets of package testutil. The command plays Raft and gossip: it
// tells each server who lives and who leads, with the delays a real cluster has.
// After the leader is gone, calls are forwarded to it for about a second (and
// refused, or left without an answer if it went silent), then held, until a new
// leader is elected 1.4 to 2.4 s after the loss. Heartbeats cease to name a lost
// server after 4.5 to 6.5 s. A server that is cut off loses its leader within a
// second. A server that comes back knows the leader after 0.5 to 1.2 s.
// Registrations count as replicated: every server knows every node.
//
// # The agents
//
// Ours embeds package proxy as a Nomad client would: started with the three
// addresses, registered once, one blocking query always pending, heartbeats with
// a budget that ends half the grace after they are due. The stock one is a plain
// client that does what Nomad's own does: one list that is rotated at every
// error, yamux with its default keepalive, heartbeats that are not repeated on
// another server but after a pause. Both send the next heartbeat when the TTL of
// the last one is over, not before.
//
// # The faults
//
//	sigint             the server ends in an orderly way
//	sigkill            it is killed
//	black-hole         its link is taken off the bridge
//	one-way            its agents' packets to it are lost, its own are not
//	sigstop            it is frozen for 62 s
//	leader-kill        the leader is killed
//	leader-black-hole  the leader's link is taken off the bridge
//	roll               all servers are restarted, one after the other
//
// A fault comes at a random moment and hits the server with the most agents; if
// that one leads, it is made to hand over the lead before, except for the faults
// that are about the leader.
//
// # The figures
//
// Of the agents that were attached to the server: late is the time from when
// their next heartbeat was due until one succeeded (for roll: their latest one);
// late again counts those to whom it happened more than once;
// gap is the longest time between two that succeeded, up to the moment when all
// is well again; missed is how many had a gap longer than TTL and grace, so that
// the cluster would have given them up. The exit code is 1 if an agent of ours
// missed a heartbeat, wherever it was, or was later than it may be, and 2 if
// nothing could be measured. Against the limits, not in the table, time counts for
// nothing in which the machine did not run the agent, a server or the command,
// although it was to; how much there was is told.
package main
