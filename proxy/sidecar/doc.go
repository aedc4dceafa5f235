// Package sidecar is the second front door of this module: Nomad client agents as they are
// speak to it as to a server, and what they ask is carried to the servers of the cluster by a
// proxy.Proxy, with its retries, its list and its knowledge of which server is in trouble.
//
//	agent:    client { servers = ["127.0.0.1:4746"] }
//	sidecar:  sidecar.Start(sidecar.Config{Listen: []string{"127.0.0.1:4746"}, Proxy: ...})
//
// Each connection of an agent has connections to servers of its own, a proxy.Tenant: servers find
// an agent by the connection on which it sends heartbeats, and call it there. Those calls and
// streams go to the agent over the session that it has opened. All tenants share one list of
// servers.
//
// Arguments, replies and the texts of errors pass as the bytes they are. One thing is changed: the
// list of servers in the answers to Node.Register and Node.UpdateStatus names the
// sidecar alone, so that the agent stays with it. What the servers have sent there goes to the
// proxy, as the heartbeat of an agent that embeds it does.
package sidecar
