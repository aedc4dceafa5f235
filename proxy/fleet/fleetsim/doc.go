// Command fleetsim runs one scenario of package fleet and prints what came out:
//
//	go run ./proxy/fleet/fleetsim -s outage -n 10000 -hs 1000 -disc
//	go run ./proxy/fleet/fleetsim -s kill -n 100000 -hs 1000 -p rendezvous
//
// -p stock simulates agents of Nomad 2.0.6 instead. With -nodes the agents are a sample
// of a larger fleet; then -hs is the sample's part.
package main
