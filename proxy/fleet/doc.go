// Package fleet simulates many agents under one virtual clock: what they do to their
// cluster together, and how long each of them is out. No test of one agent shows that.
//
// An agent is a [roster.Roster], a [poolcore.Core], and an [attempt.Call] for its heartbeat and
// one for its blocking query: the code that decides in a real one. What the shells around
// these do is modelled here: sessions, streams and pings, and the order in which the
// parts get their messages. So are the servers (handshakes one after the other, a leader, TTLs that
// grow with the fleet), and an agent of Nomad 2.0.6 to compare with.
//
// A fleet, what happens to it and what must come out is a [Scenario]: text, described at
// [Parse]. The package has some by [Names]. [Compare] runs one with several policies:
//
//	s, err := fleet.Named("outage")
//	c, err := fleet.Compare(ctx, s.Short(), fleet.Options{})
//	c.Table(os.Stdout)
//
// A run is one goroutine's, and the same seed gives the same run: there is no clock, no
// map order and no chance but that of the seed. Fleets that are too large to simulate
// are simulated as a sample: the agents believe in [Config].Nodes.
//
// # Files
//
//	scenario.go   scenarios as text; internal/script reads them, plan.go makes a Config of one
//	library.go    the scenarios of the package, which are in library
//	compare.go    runs by policy; result.go expectations; until.go figures up to a time
//	table.go      what comes out for people, json.go for programs
//	config.go     what is simulated; policy.go the policies
//	world.go      the state of a run; around.go what agents see of the cluster; host.go what it
//	              sees of them
//	queue.go      the events to come; heap.go those of the present; fleet.go the run itself
//	server.go     heartbeats; faults.go what happens to servers
//	agent.go      an agent; parts.go what it has under way; found.go its sessions as they are now
//	steps.go      messages to its cores; agent_step.go, pool.go and pools.go what they decide
//	call.go       its calls; race.go races for a session; carry.go attempts, and their failures
//	send.go       calls on their way; wait.go what waits on a session; answer.go answers
//	dial.go       how sessions are made; session.go their end
//	pings.go      pings of rounds, of corroborators, and of the pool's own
//	changes.go    what agents have of a server that breaks, or answers less or more
//	spoil.go      what tests make worse
//	stock.go      an agent of Nomad 2.0.6; stock_call.go its calls
//	tally.go      what is counted; counts.go what is computed from it; duration.go
//	              durations in JSON
//	report.go     what comes out; figure.go and figure_list.go the same by name; series.go over time
//
// Package cluster, below this directory, is the simulated servers, package state what events do to
// them, package count counts, package plot draws runs. The command "rpcproxy simulate" runs scenarios. Whether real proxies do what
// is simulated, "make reality" finds out (reality_test.go).
package fleet
