// Command joined is the client of bench that is stock with what can be had beside yamux: every
// stream is kept for the next call, and what yamux writes in pieces is joined. It is the proxy
// without its data path, whose calls go past yamux's streams.
package main
