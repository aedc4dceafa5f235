// Package fleet simulates many agents under one virtual clock: what they do to their
// cluster together, and how long each of them is out. No test of one agent shows that.
//
// An agent is a [roster.Roster], a [poolcore.Core], and an [attempt.Call] for its heartbeat and
// one for its blocking query: the code that decides in a real one. What the shells around
// these do is modelled here: sessions, streams and pings, and the order in which the
// parts get their messages. So are the servers (handshakes one after the other, a leader, TTLs that
// grow with the fleet), and an agent of Nomad 2.0.6 to compare with.
//
//	f := fleet.New(fleet.Config{Agents: 10000, Handshakes: 1000, Faults: fleet.Outage(time.Minute)})
//	f.Run()
//	f.Report().Print(os.Stdout)
//
// A run is one goroutine's, and the same seed gives the same run: there is no clock, no
// map order and no chance but that of the seed. Fleets that are too large to simulate
// are simulated as a sample: the agents believe in [Config].Nodes.
//
// # Files
//
//	config.go     what is simulated; scenario.go the usual faults
//	world.go      the state of a run; around.go what agents see of it; happens.go its own events
//	queue.go      the events to come; heap.go those of the present; fleet.go the run itself
//	server.go     what servers answer; faults.go what happens to them
//	accept.go     how they take connections: SYNs, backlog, handshakes; limit.go how many
//	serve.go      how they take requests; leader.go which one leads, and missed heartbeats
//	zone.go       round trips, and cuts; balancer.go what may stand in front
//	resolver.go   DNS and Consul
//	agent.go      an agent; parts.go what it has under way; found.go its sessions as they are now
//	steps.go      messages to its cores; agent_step.go, pool.go, pools.go what they decide
//	call.go       its calls; race.go races for a session; carry.go attempts, and their failures
//	send.go       calls on their way; wait.go what waits on a session; answer.go answers
//	session.go    the end of sessions; dial.go how they are made
//	pings.go      pings of rounds, of corroborators, and of the pool's own
//	changes.go    what agents have of a server that breaks, or answers less or more
//	stock.go      an agent of Nomad 2.0.6; stock_call.go its calls
//	tally.go      what is counted; counter.go how; counts.go what is computed from it
//	report.go     what comes out; figure.go the same by name; series.go over time; print.go in words
//
// Fleetsim, below this directory, runs a scenario from the command line.
package fleet
