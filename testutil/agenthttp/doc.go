// Package agenthttp is the HTTP API of a Nomad agent for tests, as far as clients use it to
// find servers and to read a clock: /v1/status/peers and /v1/status/leader, real HTTP or
// HTTPS over loopback, and a clock that can be wrong.
//
// [Start] makes a [Server], [Server.SetPeers] names the cluster's servers, the first one as
// the leader. [Server.Answer] makes it answer something else, [Server.SetClock] sets its
// clock.
package agenthttp
