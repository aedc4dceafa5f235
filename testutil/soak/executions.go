package main

import (
	"fmt"
	"slices"
)

// executions is in words how often a call was executed.
func executions(n int) string { return fmt.Sprintf("; executed %d times", n) }

// forgotten leaves of what was executed that of which no call is to be compared
// any more.
func (p *page) forgotten(executed map[string]int) map[string]int {
	for _, b := range p.batches {
		for i := range b.endings {
			delete(executed, b.endings[i].id)
		}
	}
	return executed
}

// strays are the executions for which no call waits any more: an
// execution after the quarantine of its call.
func (p *page) strays(executed map[string]int) {
	ids := make([]string, 0, len(executed))
	for id := range executed {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		p.breaches.add(duplicated, "%s was executed after its call was compared and forgotten, %d times", id, executed[id])
	}
}
