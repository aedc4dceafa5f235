// Package floor is the least that a call can cost: bytes there and back on a TCP or TLS connection
// of each caller, without a codec, by blocking reads and writes.
package floor
