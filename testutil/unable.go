package testutil

import "os"

// Tester is the part of testing.TB that [Unable] needs.
type Tester interface {
	Helper()
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Unable skips a test that cannot run on this machine, because of err. Where the environment
// has CI=true it fails the test instead: there nobody would see that it no longer runs.
func Unable(t Tester, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("this test must run where CI is true, and cannot (.ci/run installs what it needs): %v", err)
		return
	}
	t.Skipf("it cannot run here: %v", err)
}
