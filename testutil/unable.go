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

// NeedRoot skips a test that needs root where it is not run by root; what is what it needs root
// for. Where the environment has CI=true it fails the test instead, unless ROOT_TESTS=elsewhere says
// that another step runs it as root.
func NeedRoot(t Tester, what string) { t.Helper(); needRoot(t, os.Geteuid(), what) }

func needRoot(t Tester, uid int, what string) {
	t.Helper()
	switch {
	case uid == 0:
	case os.Getenv("CI") == "true" && os.Getenv("ROOT_TESTS") != "elsewhere":
		t.Fatalf("this test %s and needs root: run it with sudo, or say ROOT_TESTS=elsewhere where another step does", what)
	default:
		t.Skipf("this test %s and needs root", what)
	}
}
