// Package plainserver is a server as Nomad's, without Nomad: net/rpc and its msgpack codec on the
// streams of yamux, a goroutine for each stream, which serves one request after the other (Nomad
// 2.0.6, nomad/rpc.go, handleNomadConn). [Start] starts one on loopback.
package plainserver
