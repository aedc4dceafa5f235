package fleet

import "time"

// faultAt is when the faults of the scenarios begin.
const faultAt = 10 * time.Second

// outageOf has all servers die at once and come back at once after down.
func outageOf(down time.Duration) []Fault {
	return []Fault{{faultAt, (*Fleet).KillAll}, {faultAt + down, (*Fleet).BeginAll}}
}

// killed has one server die for good.
func killed() []Fault { return []Fault{{faultAt, func(f *Fleet) { f.Kill(1) }}} }

// frozen has one server fall silent for down.
func frozen(down time.Duration) []Fault {
	return []Fault{{faultAt, func(f *Fleet) { f.Freeze(1) }}, {faultAt + down, func(f *Fleet) { f.Thaw(1) }}}
}

// rolling restarts the servers one after the other.
func rolling(servers int, down, gap time.Duration) []Fault {
	var all []Fault
	for n := range servers {
		at := faultAt + time.Duration(n)*gap
		all = append(all, Fault{at, func(f *Fleet) { f.Kill(n) }}, Fault{at + down, func(f *Fleet) { f.Begin(n) }})
	}
	return all
}
