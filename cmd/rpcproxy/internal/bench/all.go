package bench

import "slices"

func allWorks() []work {
	return slices.Concat(findWorks(), mailboxWorks(), unaryWorks(), ownerWorks(), memoryWorks())
}
