// Package consul finds Nomad's servers in Consul's catalogue.
//
// [New] makes a [Discoverer] for proxy.Config.Discoverer. Each [Discoverer.Discover] walks
// the datacenters that Consul knows, the agent's own first, until one of them has servers:
//
//	finder, err := consul.New(consul.Config{})
//	...
//	p, err := proxy.Start(proxy.Config{Discoverer: finder})
//
// The defaults of a Config are the environment variables of Consul's own client, and
// without those a Consul agent on this machine.
//
// # A walk
//
// The datacenters are those of /v1/catalog/datacenters. Consul (1.20.1, agent/consul/catalog_endpoint.go) sorts them by
// their distance, so that its own is the first; the others are asked in random order, so
// that the agents of a cluster do not all ask the same one, and nine are asked at most. Each one is asked for the instances of a service with a tag and for their
// checks (/v1/health/service), from whichever of its servers answers (a stale read),
// the nearest first; where that path is not found, or denied, for the instances alone
// (/v1/catalog/service). Those whose checks are critical are the last resort: a dead
// server is listed until it is deregistered. A datacenter that fails, or has only critical
// servers, does not end the walk. Only if none has any server is there an error, with the
// reason for each datacenter.
//
// An instance is at its own address, or at its node's if it has none of its own: no address
// at all, or an unspecified one (0.0.0.0, ::). Consul itself puts the addresses for other
// datacenters there, where it is to (translate_wan_addrs). An instance without a port, or
// without the tag, is left out, and so is one that is malformed.
//
// # Bounds
//
// Every request has a deadline and ends with the context of the walk. An answer
// has at most 4 MiB and 262,144 values, of which 1,024 datacenters and 256 servers are
// read. A walk leaves no connection and no goroutine behind. Redirects are not followed:
// they would send the token to another server. A Consul that asks in an error to be left
// alone for a while
// (Retry-After) is, for 5 minutes at most.
//
// # Files
//
//   - Settings are resolved once (config.go, address.go, environment.go). The
//     files of certificates and tokens are read again for each walk (client.go), because
//     they may have been renewed.
//   - A walk has a client of its own (client.go), over a transport that bounds the answers
//     (bounded.go); two walks share nothing.
//   - The entries of a datacenter are read and checked one by one (instances.go,
//     listing.go). Only failure.go reads
//     the text of an error.
package consul
