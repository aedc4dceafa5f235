package bench

import "slices"

func allWorks() []work {
	return slices.Concat(findWorks(), mailboxWorks(), unaryWorks(), beatWorks(), ownerWorks(), memoryWorks())
}
