// Package consul finds Nomad's servers in Consul's catalogue.
//
// [New] makes a [Discoverer] for proxy.Config.Discoverer. It asks nobody until
// [Discoverer.Discover] is called, and then walks the datacenters that Consul
// knows, the agent's own first, until one of them has servers:
//
//	finder, err := consul.New(consul.Config{})
//	...
//	p, err := proxy.Start(proxy.Config{Discoverer: finder})
//
// What is not configured is what the environment variables of Consul's own
// client say, and else a Consul agent on this machine.
//
// # A walk
//
// The datacenters are those of /v1/catalog/datacenters. Consul sorts them by
// their distance, so that its own is the first; the others are asked in random
// order, lest all agents of a cluster fall upon the same one, and nine are asked
// at most. Each one is asked for the instances of a service with a tag and for their
// checks (/v1/health/service), from whichever of its servers answers (a stale read),
// the nearest first; where that path is not found, for the instances alone
// (/v1/catalog/service). Those whose checks are critical are the last resort: a server
// that is dead for days is listed until somebody takes it out. A datacenter that fails,
// or has no servers but these, does not end the walk; only when none has any is there an
// error, and it says of each what was wrong.
//
// # What is bounded
//
// Every request has a deadline and ends with the context of the walk. An answer
// has at most 4 MiB, of which 1,024 datacenters and 256 servers are taken. A
// walk leaves no connection and no goroutine behind. Answers that redirect to
// elsewhere are not followed: the token is for Consul alone.
//
// # How it is made
//
//   - Settings are resolved once (config.go, address.go, environment.go). The
//     files of certificates and tokens are read again for each walk (client.go),
//     so that renewed ones count.
//   - A walk has a client of its own (client.go), over a transport that bounds
//     what comes in (bounded.go), and nothing is shared between two walks.
//   - What a datacenter lists is looked at entry by entry (listing.go); failure.go
//     is the one place where the text of an answer means anything.
package consul
