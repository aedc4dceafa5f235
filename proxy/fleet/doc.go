// Package fleet simulates many agents under one virtual clock: what they do to their
// cluster together, and how long each of them is out. No test of one agent shows that.
//
// An agent is a [roster.Roster], an [attempt.Call] for its heartbeat and one for its
// blocking query, and a [poolhooks.DialPolicy]: the code that decides in a real one. What the
// shells around these do is modelled here: sessions, pings, dials, the order in which the
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
//	world.go      the state of a run; queue.go its events; fleet.go the run itself
//	server.go     what servers answer; faults.go what happens to them
//	accept.go     how they take connections: SYNs, backlog, handshakes; limit.go how many
//	serve.go      how they take requests; leader.go which one leads, and missed heartbeats
//	zone.go       round trips, and cuts; balancer.go what may stand in front
//	resolver.go   DNS and Consul
//	agent.go      an agent; agent_step.go what its roster decides
//	call.go       its calls; send.go what servers make of them
//	link.go       its sessions; dial.go how they are made
//	round.go      pings of rounds, and of corroborators
//	silence.go    how a silent server is noticed
//	stock.go      an agent of Nomad 2.0.6; stock_call.go its calls
//	tally.go      what is counted; counter.go how; counts.go what is computed from it
//	report.go     what comes out; figure.go the same by name; series.go over time; print.go in words
//
// Fleetsim, below this directory, runs a scenario from the command line.
package fleet
