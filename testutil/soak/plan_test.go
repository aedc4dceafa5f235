package main

import (
	"testing"
	"time"
)

// faultsOf draws the plan of a seed for an hour.
func faultsOf(seed uint64) (all []event) {
	p := newPlanner(seed)
	for range int(time.Hour / every) {
		if e, ok := p.next(); ok {
			all = append(all, e)
		}
	}
	return all
}

func TestAtAnyTimeOneServerIsLiveAndAMajorityIsNotDead(t *testing.T) {
	for seed := range uint64(30) {
		all := faultsOf(seed)
		if len(all) < int(time.Hour/every)*9/10 {
			t.Errorf("seed %d: %d faults in an hour: too few", seed, len(all))
		}
		for i, e := range all {
			faulty, dead := map[int]bool{}, 0
			for _, other := range all[max(i-60, 0) : i+1] {
				if other.until+settling <= e.at {
					continue
				}
				if faulty[other.slot] {
					t.Fatalf("seed %d, %v: that server has a fault already", seed, e)
				}
				faulty[other.slot] = true
				if traits[other.kind].deadly {
					dead++
				}
			}
			if len(faulty) >= slots || dead > mostDead {
				t.Fatalf("seed %d, %v: %d faulty, %d dead", seed, e, len(faulty), dead)
			}
		}
	}
}

func TestThePlanFollowsFromTheSeed(t *testing.T) {
	one, again, other := faultsOf(1), faultsOf(1), faultsOf(2)
	same := 0
	for i := range one {
		if one[i] != again[i] {
			t.Fatalf("%v, and the second time %v", one[i], again[i])
		}
		if i < len(other) && one[i] == other[i] {
			same++
		}
	}
	if same > len(one)/10 {
		t.Errorf("two seeds have %d of %d faults in common", same, len(one))
	}
}

func TestAPlanHasEveryKindOfFault(t *testing.T) {
	seen := map[kind]int{}
	for _, e := range faultsOf(7) {
		seen[e.kind]++
		length := e.until - e.at
		if length < traits[e.kind].least || length > traits[e.kind].most {
			t.Errorf("%v: not as long as it should be", e)
		}
		if e.kind == leave && e.slot == 0 {
			t.Errorf("%v: the first server stays", e)
		}
		if e.unreadable() && e.times == 0 {
			t.Errorf("%v: nobody could tell how many answers it spoiled", e)
		}
	}
	for k := range kinds {
		if seen[k] == 0 {
			t.Errorf("no %v in an hour", k)
		}
	}
}
