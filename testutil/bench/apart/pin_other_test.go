//go:build !linux

package apart

import "testing"

func workersAreOnTheirCPUs(t *testing.T, _ *Programs) {
	if p := place(allowed()); p.client != nil || p.note == "" {
		t.Errorf("%+v, where processes cannot be moved", p)
	}
}
