package proxy

import "github.com/open-nomad/rpcproxy/messages"

// DiscoveryResult is how a run of the Discoverer ended for one source.
type DiscoveryResult string

// The results.
const (
	DiscoveryFound  DiscoveryResult = "found"  // it has addresses
	DiscoveryEmpty  DiscoveryResult = "empty"  // it has none, without an error
	DiscoveryFailed DiscoveryResult = "failed" // with an error; of a Discoverer made of several, at least one has failed
)

var discoveryResults = [...]DiscoveryResult{DiscoveryFound, DiscoveryEmpty, DiscoveryFailed}

// DiscoveryCount is how many runs of the Discoverer ended so for a source.
type DiscoveryCount struct {
	Source messages.Source `json:"source"`
	Result DiscoveryResult `json:"result"`
	Count  uint64          `json:"count"`
}
