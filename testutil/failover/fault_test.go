//go:build linux

package main

import (
	"slices"
	"testing"
)

func TestEveryFaultCanBeRun(t *testing.T) {
	for _, name := range faultNames {
		f := faultNamed(name)
		beside := slices.Contains(sidecarFaults, name)
		own := name == faultRoll || name == faultRebalance || name == faultLeaderTransfer || beside
		if f.name != name || f.run == nil || (f.inject == nil) != own || (f.heal == nil) != own {
			t.Errorf("%s: %+v", name, f)
		}
		if (f.fail != nil) != beside || (f.revive != nil) != beside || beside && f.lasts == 0 {
			t.Errorf("%s, to sidecars: %+v", name, f)
		}
	}
}
