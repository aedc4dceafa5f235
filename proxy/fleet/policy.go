package fleet

import (
	"fmt"
	"slices"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/proxy/internal/roster"
)

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

// ParsePolicies reads the name of a policy, or all.
func ParsePolicies(name string) ([]Policy, error) {
	if name == "all" {
		return []Policy{Shuffle, Rendezvous, Seated, Stock}, nil
	}
	if p, is := policyOf(name); is {
		return []Policy{p}, nil
	}
	return nil, fmt.Errorf("fleet: %s is not a policy: write shuffle, rendezvous, seat, stock or all", printable.Quote(name, printable.MaxName))
}

func policyOf(name string) (Policy, bool) {
	i := slices.Index(policyNames[:], name)
	return Policy(max(i, 0)), i >= 0
}

// roster is the policy of an agent's roster.
func (p Policy) roster() roster.Policy {
	if p == Rendezvous {
		return roster.Rendezvous
	}
	return roster.Shuffle
}
