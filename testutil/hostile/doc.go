// Command hostile attacks an agent that uses the library with its defaults, in some
// hundreds of ways, and measures what the agent uses and whether
// it still works afterwards. It needs nothing but itself, on loopback only:
//
//	go run ./testutil/hostile            all of it
//	go run ./testutil/hostile -short     some scenarios of each kind
//	go run ./testutil/hostile -only tls/ those whose kind/name match
//
// # What happens
//
// Each scenario has two processes of its own, which are this program again: the
// attacker, which plays the server (or the resolver, Consul, whoever wrote a file), and
// the victim, which has the agent. So the figures are the agent's alone. A good server
// is in a third process, the rig.
//
// No address of an attack is outside of this machine, and no name is looked up elsewhere:
// an agent that does what it must not do shall do no harm.
//
// The victim starts its agent, and goes on calling through it for a second or so, or
// until the attack has done all it does. Then the agent is given a good server and makes
// a call to it, is stopped, and tells what it used.
//
// # What is measured, and must hold
//
//	memory       the largest resident memory, above that of the process before
//	             the agent was started
//	goroutines   the most of them at a time, above those before
//	descriptors  the same
//	works        a call to a good server is answered afterwards, whatever the agent
//	             was doing has ended, and it can be stopped
//	left         no goroutine and no descriptor is left when it is stopped
//	CPU          is told, and has no bound: machines differ
//
// The bounds are in bounds; some scenarios grant memory on top, where a documented limit
// such as pool.Config.MaxReplyBytes lets a server have so much. The system must tell
// these figures, which Linux does; elsewhere there are goroutines only.
//
// # Exit codes
//
// 0 if all bounds were kept, 1 if not, 2 if it could not run. -json reports as one array,
// -markdown as tables.
//
// # Files
//
// Tables of scenarios are named after their kinds (frames.go, frames_flood.go, ...), and
// tables.go collects them. An attack runs on a stage; peer.go is a yamux peer made by hand
// that a script makes misbehave. role.go, order.go, process.go and run.go are the
// processes; agent.go and victim.go are the victim, measure.go measures it, report.go
// prints. The victim has the tables, too, so what is large in them is lazy.
package main
