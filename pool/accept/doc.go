// Package accept is the accepting side of the protocol that package pool dials with: sessions
// that Nomad's client agents open, as their servers see them.
//
// An [Acceptor] reads the leading byte of a connection, makes the TLS handshake where that
// asks for one, and serves what the connection carries: yamux with a byte in front of each
// stream, calls one after the other, or one streaming call. Arguments and replies are passed on
// as the bytes they are, to and from a [Relay]. What all connections hold in memory is bounded
// together, as it is in a pool.
//
// Package sidecar of proxy is made of it.
package accept
