package testutil

import (
	"fmt"
	"os"
)

// Tester is the part of testing.TB that [Unable] needs.
type Tester interface {
	Helper()
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Unable skips a test that cannot run on this machine, because of err. Where the environment
// has CI=true it fails the test instead: there nobody would see that it no longer runs. Where it
// has SKIPPED, a line about it is appended to the file of that name.
func Unable(t Tester, err error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("this test must run where CI is true, and cannot (.ci/run installs what it needs): %v", err)
		return
	}
	skip(t, "it cannot run here: %v", err)
}

// NeedRoot skips a test that needs root where it is not run by root; what is what it needs root
// for. Where the environment has CI=true it fails the test instead, unless ROOT_TESTS=elsewhere says
// that another step runs it as root. SKIPPED is as for [Unable].
func NeedRoot(t Tester, what string) { t.Helper(); needRoot(t, os.Geteuid(), what) }

func needRoot(t Tester, uid int, what string) {
	t.Helper()
	switch {
	case uid == 0:
	case os.Getenv("CI") == "true" && os.Getenv("ROOT_TESTS") != "elsewhere":
		t.Fatalf("this test %s and needs root: run it with sudo, or say ROOT_TESTS=elsewhere where another step does", what)
	default:
		skip(t, "this test %s and needs root", what)
	}
}

// skip skips a test, and says so in the file that SKIPPED names, if it does: go test itself is silent about it.
func skip(t Tester, format string, args ...any) {
	t.Helper()
	if path := os.Getenv("SKIPPED"); path != "" {
		name := "a test"
		if named, ok := t.(interface{ Name() string }); ok {
			name = named.Name()
		}
		if err := note(path, name+": "+fmt.Sprintf(format, args...)); err != nil {
			t.Fatalf("SKIPPED must name a file that can be written: %v", err)
			return
		}
	}
	t.Skipf(format, args...)
}

// note appends a line to a file, at once, as other processes do as well.
func note(path, line string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}
