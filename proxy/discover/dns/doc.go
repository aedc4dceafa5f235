// Package dns finds Nomad servers by name: by the addresses of host names, or by SRV
// records.
//
// [New] makes a [Discoverer] from a [Config], of which only Names or Services is
// needed. It is for proxy.Config.Discoverer. It caches no record: each
// [Discoverer.Discover] asks again, and so finds the address of a server that was
// replaced. [Discoverer.Lookup] also returns the name of each address, and the failures.
//
// A name in proxy.Config.Servers is resolved as well, at each dial, and is one server.
// Here each address of a name is a server.
//
// # Results
//
// Addresses with ports, IPv4 and IPv6, each once and at most 256, in the order of
// the names. Those of a host name are in random order. SRV records are ordered by
// priority and, within one, at random by weight (RFC 2782): an agent tries the first
// address first, and the agents of a fleet must not all begin with the same server. The
// targets of SRV records are resolved by queries of their own.
//
// # Failures
//
// A name without a usable address is skipped. If no name has one, the error is a
// [*NoServersError]. It has a [*LookupError] for each name, and for each resolver where
// several failed, whose Reason is one of the sentinels of this package. An answer without
// an address is such a failure, too.
//
// # Resolvers
//
// The configured resolvers are asked one after the other, beginning with the one that
// answered last; without any, those of the system. That a name does not exist is an
// answer: the next resolver is not asked then. The hosts file and the search domains of
// the system count in both cases, for names without a dot at their end. The queries are
// those of Go's own resolver in package net: it has the system's configuration, the hosts
// file and the search domains, and does not return the codes and sockets of its queries,
// so this package watches its connections (exchange.go).
package dns
