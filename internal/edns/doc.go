// Package edns has questions of Go's DNS resolver answered by name servers that do not
// know EDNS (RFC 6891), which that resolver always uses: they are asked again without it,
// and without it first for a while.
//
// [Resolvers] remembers them, and [Resolvers.Wrap] is for the connections of a
// net.Resolver.Dial.
package edns
