// Package mux shares one connection to a server between yamux and the call streams.
//
// yamux opens and closes streams, accepts those of the server, pings and carries
// streaming calls. The data of calls goes past it in both directions, over a [Conn] that
// stands between yamux and the transport: a sender queues a [Frame] and knows at any time
// how far it has come, and the goroutine that reads the transport hands inbound data to
// the [Receiver] of its stream's [Route].
//
// It is written against github.com/hashicorp/yamux v0.1.2 (spec.md for the frames), which
// no other package needs to import.
package mux
