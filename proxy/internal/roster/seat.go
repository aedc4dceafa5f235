package roster

import (
	"cmp"
	"slices"
)

// seated puts the servers of one class into the order of a seat: the seat-th
// permutation, counted so that the first place changes fastest. Agents with
// consecutive seats are spread evenly over the first places; among those that
// share a first place, over the second ones; and so on. So a fleet that comes
// back from a failover is even, and so is each part of it that must go elsewhere.
func seated(class []*entry, seat uint64) {
	slices.SortFunc(class, func(a, b *entry) int { return cmp.Compare(a.server.Addr, b.server.Addr) })
	for i := range class {
		left := uint64(len(class) - i)
		j := i + int(seat%left)
		seat /= left
		e := class[j]
		copy(class[i+1:j+1], class[i:j])
		class[i] = e
	}
}
