// Command stock is the client of bench that calls as a Nomad agent's own pool does: net/rpc's
// codec for msgpack on streams of one yamux session, of which two are kept for the next call, and
// the others closed (Nomad 2.0.6, helper/pool/pool.go; clientMaxStreams). What a pool of several
// servers adds, two uncontended locks and a map, is left out.
package main
