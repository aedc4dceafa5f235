// Package cluster is the simulated cluster: what its servers, and DNS and Consul, make of
// what many agents want of them. It knows agents by number, and nothing of what they do.
//
// A server completes handshakes one after the other, also those that are given up
// meanwhile; a full backlog leaves a SYN without an answer; sessions are limited, by server
// and by client address. It works requests off one after the other, and passes heartbeats
// on to the leader, which needs a majority. All times are integers, computed by arithmetic of
// queues, so a cluster behaves the same everywhere.
//
// # Files
//
//	cluster.go    the state; config.go what it is configured with
//	accept.go     connections: SYNs, backlog, handshakes; syns.go those that come later
//	limit.go      how many sessions
//	serve.go      requests; leader.go which server leads, and missed heartbeats
//	zone.go       round trips, and cuts; balancer.go what may stand in front
//	resolver.go   DNS and Consul
//	faults.go     what happens to servers
package cluster
