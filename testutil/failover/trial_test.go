//go:build linux

package main

import (
	"slices"
	"testing"
)

// The table tells what was; the limits are for what the machine had no part in.
func TestTheLimitsApplyToTrialsTheMachineDidNotDelay(t *testing.T) {
	h := newHarvest()
	h.attached[clientOurs] = []sample{{next: secs(9), worst: secs(9), gap: secs(40), missed: true}}
	h.attached[judged(clientOurs)] = []sample{{next: secs(1), worst: secs(1), gap: secs(21)}}
	rows, breaches := conclude("black-hole", h)
	if len(rows) != 1 || rows[0].most != secs(9) || rows[0].missed != 1 || breaches != nil {
		t.Errorf("%+v, %q", rows, breaches)
	}
	h.attached[judged(clientOurs)] = h.attached[clientOurs]
	if _, breaches := conclude("black-hole", h); len(breaches) == 0 {
		t.Error("no limit was broken")
	}
}

func TestTheLimitsHoldForSidecarsAndNotForStockAgents(t *testing.T) {
	late := []sample{{next: secs(9), worst: secs(9), gap: secs(40), missed: true}}
	for kind, want := range map[string][]string{
		clientStock: nil,
		clientOurs: {
			"black-hole: p90 late 9.000 s, may be 3.000 s", "black-hole: max late 9.000 s, may be 4.000 s",
			"black-hole: 1 of 1 missed a heartbeat",
		},
		clientSidecar: {
			"black-hole, sidecar: p90 late 9.000 s, may be 3.000 s", "black-hole, sidecar: max late 9.000 s, may be 4.000 s",
			"black-hole, sidecar: 1 of 1 missed a heartbeat", "black-hole, elsewhere, sidecar: 1 of 1 missed a heartbeat",
		},
	} {
		h := newHarvest()
		h.attached[kind] = late
		if slices.Contains(held, kind) {
			h.attached[judged(kind)] = late
		}
		if kind == clientSidecar {
			h.elsewhere[judged(kind)] = late
		}
		rows, breaches := conclude(faultBlackHole, h)
		if len(rows) != 1 || rows[0].client != kind || !slices.Equal(breaches, want) {
			t.Errorf("%s: %+v, %q", kind, rows, breaches)
		}
	}
}
