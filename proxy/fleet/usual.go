package fleet

import "time"

// FaultAt is when the faults of the scenarios begin.
const FaultAt = 10 * time.Second

// Outage has all servers die at once and come back at once after down.
func Outage(down time.Duration) []Fault {
	return []Fault{{FaultAt, (*Fleet).KillAll}, {FaultAt + down, (*Fleet).BeginAll}}
}

// Killed has one server die for good.
func Killed() []Fault { return []Fault{{FaultAt, func(f *Fleet) { f.Kill(1) }}} }

// Frozen has one server fall silent for down.
func Frozen(down time.Duration) []Fault {
	return []Fault{{FaultAt, func(f *Fleet) { f.Freeze(1) }}, {FaultAt + down, func(f *Fleet) { f.Thaw(1) }}}
}

// Rolling restarts the servers one after the other.
func Rolling(servers int, down, gap time.Duration) []Fault {
	var all []Fault
	for n := range servers {
		at := FaultAt + time.Duration(n)*gap
		all = append(all, Fault{at, func(f *Fleet) { f.Kill(n) }}, Fault{at + down, func(f *Fleet) { f.Begin(n) }})
	}
	return all
}

// Joined has the servers from n on join: what agents begin with is to be set in
// Config.Begin.
func Joined(n, servers int) []Fault {
	return []Fault{{FaultAt, func(f *Fleet) {
		for i := n; i < servers; i++ {
			f.Begin(i)
		}
	}}}
}
