package testutil

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// looks is how often goroutines that should have ended are looked for before they
// count as left, which takes some seconds. It is no span of time: a machine that
// does not run the process for a while takes none of it away.
const looks = 10

// waiting is how many tests that run in parallel do so at a time.
const waiting = "8"

// Main is a package's TestMain: it runs the tests and fails the package when
// goroutines are left at the end. A goroutine that is about to end is given some
// seconds to do so.
//
//	func TestMain(m *testing.M) { testutil.Main(m) }
//
// Tests that call t.Parallel are those that mostly wait, so more of them run at a
// time than there are processors, unless the flag -parallel sets another number.
//
// It does not return.
func Main(m *testing.M) {
	_ = flag.Set("test.parallel", waiting) // the command line is read later
	code := m.Run()
	if code == 0 {
		if err := lasting(looks); err != nil {
			_, _ = fmt.Fprintf(os.Stderr, "testutil: the tests passed and left goroutines behind: %v\n", err)
			code = 1
		}
	}
	os.Exit(code)
}

// AwaitNone waits until the goroutines of earlier tests have ended, for tests that
// compare numbers of goroutines: one that ends meanwhile would hide one that is
// left. It ends t when some do not.
func AwaitNone(t testing.TB) {
	t.Helper()
	if err := lasting(looks); err != nil {
		t.Fatal(err)
	}
}

// VerifyNone fails t when, after t's other cleanups that were registered later
// have run, more goroutines are left than there are now. Call it first in a
// test, before anything is started. It must not be used in tests that run in
// parallel with others: it cannot tell whose goroutines it sees.
func VerifyNone(t testing.TB) {
	t.Helper()
	verifyNone(t, looks)
}

func verifyNone(t testing.TB, looks int) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		t.Helper()
		if err := lasting(looks, before); err != nil {
			t.Error(err)
		}
	})
}

// lasting is nil as soon as there are no goroutines but those that opts name.
// goleak alone gives them less than half a second.
func lasting(looks int, opts ...goleak.Option) (err error) {
	for range looks {
		if err = goleak.Find(opts...); err == nil {
			return nil
		}
	}
	return err
}
