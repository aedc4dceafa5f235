package stockagent

import "slices"

// list is the servers, the one in use first.
type list []string

// rotate puts a server that failed behind the others, if it is still in use.
func (l list) rotate(failed string) list {
	if len(l) == 0 || l[0] != failed {
		return l
	}
	return append(slices.Clone(l[1:]), failed)
}

// replace takes a new set of servers in random order. The same set changes nothing, and
// neither does an empty one.
func (l list) replace(servers []string, shuffle func(n int, swap func(i, j int))) list {
	next := list(slices.Clone(servers))
	if len(next) == 0 || slices.Equal(slices.Sorted(slices.Values(l)), slices.Sorted(slices.Values(next))) {
		return l
	}
	shuffle(len(next), func(i, j int) { next[i], next[j] = next[j], next[i] })
	return next
}
