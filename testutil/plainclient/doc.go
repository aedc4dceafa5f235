// Package plainclient is a client of Nomad servers without a pool: msgpack-RPC on
// the streams of one yamux session, as the libraries' own documentation puts them
// together. It is the client of tests, the baseline of benchmarks and the base of
// the recorder. It retries nothing and sets no limits of time.
//
// [Dial] makes a [Session]. [Session.Call] makes calls, on streams that are kept for
// the next call, as Nomad's pool does (Nomad 2.0.6, helper/pool/pool.go). [Session.OpenMode] opens a [Stream]
// for a test that writes and reads the protocol itself.
package plainclient
