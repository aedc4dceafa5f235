// Package mux shares one connection to a server between yamux and the call streams.
//
// yamux opens and closes streams, accepts those of the server, pings, and writes what streaming
// calls send. The data of calls goes past it in both directions, and whatever else comes in too,
// over a [Conn] that stands between yamux and the transport: a sender queues a [Frame] and knows
// at any time how far it has come, and the goroutine that reads the transport hands inbound data
// to the [Receiver] of its stream's [Route]. What waits to be read on streams of the server is
// bounded for all connections together by a [Budget].
//
// It is written against github.com/hashicorp/yamux v0.1.2 (spec.md for the frames), which
// no other package needs to import.
package mux
