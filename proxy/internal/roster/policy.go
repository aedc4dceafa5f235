package roster

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Policy is how the start and each rebalance round order the servers of one class.
type Policy uint8

const (
	// Shuffle takes a new random order each round, so that load spreads and
	// keeps spreading.
	Shuffle Policy = iota
	// Rendezvous takes the order of a hash of the node's ID and the server's
	// address. In equilibrium no connection moves, and when one of S servers
	// joins or leaves, about one client in S does.
	Rendezvous
)

func (p Policy) String() string {
	if p == Rendezvous {
		return "rendezvous"
	}
	return "shuffle"
}

// arrange puts the servers of one class into the order in which a round tries
// them.
func (p Policy) arrange(class []*entry, nodeID string, rng *rand.Rand) {
	switch p {
	case Rendezvous:
		slices.SortStableFunc(class, func(a, b *entry) int {
			byHash := cmp.Compare(affinity(nodeID, a.key), affinity(nodeID, b.key))
			return cmp.Or(byHash, cmp.Compare(a.key, b.key))
		})
	default:
		rng.Shuffle(len(class), func(i, j int) { class[i], class[j] = class[j], class[i] })
	}
}

// toBack moves some servers of a class behind the others; within each group the
// order stays.
func toBack(class []*entry, belongs func(*entry) bool) {
	if !slices.ContainsFunc(class, belongs) {
		return
	}
	group := func(e *entry) int {
		if belongs(e) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(class, func(a, b *entry) int { return group(a) - group(b) })
}

// affinity is a hash of a node and a server: FNV-1a over both, separated by a
// zero byte, then mixed so that addresses that differ only in their last digit
// differ in every bit. It is the same on every machine and in every version.
func affinity(nodeID, addr string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for i := range len(nodeID) {
		h = (h ^ uint64(nodeID[i])) * prime
	}
	h *= prime
	for i := range len(addr) {
		h = (h ^ uint64(addr[i])) * prime
	}
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// byFleetIndex puts the servers of one class into the index-th permutation, counted so
// that the first place changes fastest. Agents with consecutive indexes are spread evenly over the first places; among those that
// share a first place, over the second ones; and so on. So a fleet that comes
// back from a failover is even, and so is each part of it that must go elsewhere.
func byFleetIndex(class []*entry, index uint64) {
	slices.SortFunc(class, func(a, b *entry) int { return cmp.Compare(a.key, b.key) })
	for i := range class {
		left := uint64(len(class) - i)
		j := i + int(index%left)
		index /= left
		e := class[j]
		copy(class[i+1:j+1], class[i:j])
		class[i] = e
	}
}
