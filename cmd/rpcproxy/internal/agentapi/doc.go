// Package agentapi asks a Nomad agent's HTTP API which servers there are, as Nomad's own
// program finds them: at NOMAD_ADDR, by /v1/status/peers, which needs no ACL token, so none
// is sent. Its answer has the addresses of the Raft peers of a region, those that servers
// advertise for RPC.
package agentapi
