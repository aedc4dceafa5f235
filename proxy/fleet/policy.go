package fleet

import "github.com/open-nomad/rpcproxy/proxy/internal/roster"

// Policy is how agents choose their servers.
type Policy uint8

// The policies.
const (
	// Shuffle is the default: a random order, chosen anew in each round.
	Shuffle Policy = iota
	// Rendezvous ranks the servers by a hash of the agent's ID and the server's address.
	Rendezvous
	// Seated is Shuffle with fleet indexes: agents with consecutive numbers spread evenly.
	Seated
	// Stock is the client of Nomad 2.0.6, for comparison.
	Stock
)

var policyNames = [...]string{Shuffle: "shuffle", Rendezvous: "rendezvous", Seated: "seat", Stock: "stock"}

// String is the name of the policy.
func (p Policy) String() string {
	if int(p) < len(policyNames) {
		return policyNames[p]
	}
	return "unknown"
}

// roster is the policy of an agent's roster.
func (p Policy) roster() roster.Policy {
	if p == Rendezvous {
		return roster.Rendezvous
	}
	return roster.Shuffle
}
