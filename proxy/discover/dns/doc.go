// Package dns finds Nomad servers by name: as the addresses of host names, or as
// what SRV records point to.
//
// [New] makes a [Discoverer] from a [Config], of which only Names or Services is
// needed. It is what the Discoverer of a proxy's configuration wants to be. It
// remembers no record: each [Discoverer.Discover] asks again, so that a server
// that was replaced is followed. [Discoverer.Lookup] tells besides which name led
// where, and what was wrong with the others.
//
// A name among Config.Servers is resolved as well, at each dial, and stands for
// one server. Here it stands for as many as it has addresses.
//
// # What comes out
//
// Addresses with ports, IPv4 and IPv6, each once and at most 256, in the order of
// the names. Those of a host name are in random order. SRV records are ordered by
// priority and, within one, by chance as their weights say (RFC 2782): an agent
// tries what it is given from the front, and a fleet must not begin with the same
// server. The targets of SRV records are resolved by questions of their own.
//
// # What goes wrong
//
// A name that leads nowhere does not hide the others. When none leads anywhere,
// the error is a [*NoServersError]. It holds a [*LookupError] for each name, and
// for each resolver where several failed, whose Reason is one of the sentinels of
// this package. An answer without an address is such a failure, too.
//
// # Who is asked
//
// The resolvers of the configuration, one after the other, beginning with the one
// that had an answer last; without any, those of the system. That a name does not
// exist is an answer: the next one is not asked then. The hosts file and the
// search domains of the system count in both cases, for names without a dot at
// their end. Packets are those of Go's own resolver in package net.
package dns
