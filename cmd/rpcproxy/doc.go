// Command rpcproxy shows what package proxy does and talks to real clusters.
//
//	rpcproxy demo                           a cluster that fails, and the calls that go on
//	rpcproxy ping --servers a,b,c           which servers answer, and how fast
//	rpcproxy watch --servers a,b,c          which server is in front, and what changes
//	rpcproxy call Status.Leader --servers a any RPC, its answer as JSON
//	rpcproxy doctor --servers a,b,c         what is wrong between here and the servers, and what to do
//	rpcproxy discover nomad                 which servers the agent at NOMAD_ADDR knows
//	rpcproxy discover dns NAME              which servers a name leads to
//	rpcproxy discover consul                where the servers are, by Consul's catalogue
//	rpcproxy bench --servers a,b,c          latency and rate of calls through the proxy
//	rpcproxy simulate NAME|FILE            what a fleet of clients does to its cluster
//	rpcproxy sidecar --servers a,b,c        carry the RPCs of an unmodified Nomad client agent
//
// It exits with 0 if all went well, 1 if the cluster did not do what was asked,
// 2 if the command line makes no sense, 130 if it was interrupted, and 143 if
// SIGTERM ended it.
package main
