//go:build linux

package main

import "testing"

// The table tells what was; the limits are for what the machine had no part in.
func TestTheLimitsApplyToTrialsTheMachineDidNotDelay(t *testing.T) {
	h := newHarvest()
	h.attached[clientOurs] = []sample{{next: secs(9), worst: secs(9), gap: secs(40), missed: true}}
	h.attached[clientJudged] = []sample{{next: secs(1), worst: secs(1), gap: secs(21)}}
	rows, breaches := conclude("black-hole", h)
	if len(rows) != 1 || rows[0].most != secs(9) || rows[0].missed != 1 || breaches != nil {
		t.Errorf("%+v, %q", rows, breaches)
	}
	h.attached[clientJudged] = h.attached[clientOurs]
	if _, breaches := conclude("black-hole", h); len(breaches) == 0 {
		t.Error("no limit was broken")
	}
}
