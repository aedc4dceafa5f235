package testutil

import (
	"testing"

	"go.uber.org/goleak"
)

// Main is a package's TestMain: it runs the tests and fails the package when
// goroutines are left at the end. A goroutine that is about to end is given up
// to a second to do so.
//
//	func TestMain(m *testing.M) { testutil.Main(m) }
//
// It does not return.
func Main(m *testing.M) { goleak.VerifyTestMain(m) }

// VerifyNone fails t when, after t's other cleanups that were registered later
// have run, more goroutines are left than there are now. Call it first in a
// test, before anything is started. It must not be used in tests that run in
// parallel with others: it cannot tell whose goroutines it sees.
func VerifyNone(t testing.TB) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		t.Helper()
		goleak.VerifyNone(t, before)
	})
}
