//go:build linux

package main

import "testing"

func TestEveryFaultCanBeRun(t *testing.T) {
	for _, name := range faultNames {
		f := faultNamed(name)
		own := name == faultRoll || name == faultRebalance || name == faultLeaderTransfer
		if f.name != name || f.run == nil || (f.inject == nil) != own || (f.heal == nil) != own {
			t.Errorf("%s: %+v", name, f)
		}
	}
}
