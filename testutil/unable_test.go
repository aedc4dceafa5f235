package testutil

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// verdict is a Tester that keeps what it is told.
type verdict struct{ said string }

func (*verdict) Helper() {}

func (*verdict) Name() string { return "TestOfIt" }

func (v *verdict) Skipf(format string, args ...any) { v.said = "skip: " + fmt.Sprintf(format, args...) }

func (v *verdict) Fatalf(format string, args ...any) {
	v.said = "fatal: " + fmt.Sprintf(format, args...)
}

func TestATestThatCannotRunFailsWhereNobodyWouldMissIt(t *testing.T) {
	t.Setenv("SKIPPED", "")
	for ci, want := range map[string]string{
		"":      "skip: it cannot run here: no disk",
		"false": "skip: it cannot run here: no disk",
		"true":  "fatal: this test must run where CI is true, and cannot (.ci/run installs what it needs): no disk",
	} {
		t.Setenv("CI", ci)
		var v verdict
		if Unable(&v, errors.New("no disk")); v.said != want {
			t.Errorf("CI=%q: %q, want %q", ci, v.said, want)
		}
	}
}

func TestATestThatNeedsRootFailsWhereNobodyRunsItAsRoot(t *testing.T) {
	t.Setenv("SKIPPED", "")
	const skipped = "skip: this test mounts a disk and needs root"
	for _, r := range []struct {
		uid             int
		ci, where, want string
	}{
		{uid: 0, ci: "true"},
		{uid: 1000, want: skipped},
		{uid: -1, where: "here", want: skipped},
		{uid: 1000, ci: "true", where: "elsewhere", want: skipped},
		{uid: 1000, ci: "true", where: "here", want: "fatal: this test mounts a disk and needs root: run it with sudo, or say ROOT_TESTS=elsewhere where another step does"},
	} {
		t.Setenv("CI", r.ci)
		t.Setenv("ROOT_TESTS", r.where)
		var v verdict
		if needRoot(&v, r.uid, "mounts a disk"); v.said != r.want {
			t.Errorf("%+v: %q", r, v.said)
		}
	}
}

func TestWhatIsSkippedIsSaid(t *testing.T) {
	t.Setenv("CI", "")
	path := filepath.Join(t.TempDir(), "skipped")
	t.Setenv("SKIPPED", path)
	var v verdict
	Unable(&v, errors.New("no disk"))
	needRoot(&v, 1000, "mounts a disk")
	const want = "TestOfIt: it cannot run here: no disk\nTestOfIt: this test mounts a disk and needs root\n"
	if said, err := os.ReadFile(path); err != nil || string(said) != want {
		t.Errorf("%v: %q", err, said)
	}
	t.Setenv("SKIPPED", t.TempDir())
	if needRoot(&v, 1000, "mounts a disk"); !strings.HasPrefix(v.said, "fatal: SKIPPED must name a file that can be written: ") {
		t.Errorf("%q", v.said)
	}
}
