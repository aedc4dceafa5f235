package contain_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/testutil"
)

// many wraps several errors.
type many struct{ errs []error }

func (m *many) Error() string   { return "many" }
func (m *many) Unwrap() []error { return m.errs }

func circle() error {
	w := new(testutil.WildError)
	w.Wrapped = func() error { return w }
	return w
}

func wide() error {
	m := new(many)
	m.errs = []error{m, m}
	return m
}

func TestKnownErrorsAreTameAsTheyAre(t *testing.T) {
	_, refused := net.Dial("tcp", "127.0.0.1:1")
	_, absent := os.Open("/no/such/file")
	for _, err := range []error{
		nil, io.EOF, context.Canceled, context.DeadlineExceeded, syscall.ECONNREFUSED, refused, absent,
		fmt.Errorf("x: %w", refused), fmt.Errorf("%w and %w", io.EOF, os.ErrClosed), errors.Join(io.EOF, absent),
		&contain.Panic{Text: "x"},
	} {
		if p, got := contain.Tame(err); got != err || p != nil {
			t.Errorf("%v became %v (%T), %v", err, got, got, p)
		}
	}
}

func TestWhatAnErrorOfOthersIsAndWrapsIsFound(t *testing.T) {
	w := &testutil.WildError{Wrapped: func() error { return &net.OpError{Op: "dial", Err: syscall.EMFILE} }}
	for _, err := range []error{w, fmt.Errorf("x: %w", w), &many{[]error{io.EOF, w}}} {
		p, got := contain.Tame(err)
		if got == err || p != nil || got.Error() != err.Error() {
			t.Fatalf("%v became %v, %v", err, got, p)
		}
		found, is := errors.AsType[*testutil.WildError](got)
		op, wraps := errors.AsType[*net.OpError](got)
		if !errors.Is(got, syscall.EMFILE) || errors.Is(got, syscall.ENFILE) || !is || found != w || !wraps || op.Op != "dial" || !errors.Is(got, w) {
			t.Errorf("%v: %v, %v", got, found, op)
		}
		if _, none := errors.AsType[*os.PathError](got); none {
			t.Error("it is what it is not")
		}
		if p, again := contain.Tame(got); again != got || p != nil {
			t.Errorf("%v became %v", got, again)
		}
	}
}

func TestAnErrorWhoseMethodsDoHarmBecomesOneThatDoesNone(t *testing.T) {
	var none *nilError
	var noOp *net.OpError
	for name, c := range map[string]struct {
		err      error
		text     string
		panicked bool
	}{
		"a nil pointer":           {none, "an error of type *contain_test.nilError, whose Error panics: ", true},
		"a nil *net.OpError":      {noOp, "<nil>", true},
		"Error panics":            {panicking{}, "an error of type contain_test.panicking, whose Error panics: ", true},
		"Error ends goroutines":   {&testutil.WildError{Text: func() string { runtime.Goexit(); return "" }}, "an error of type *testutil.WildError, whose methods do not return", true},
		"Unwrap panics":           {&testutil.WildError{Wrapped: func() error { panic("in Unwrap") }}, "wild", true},
		"Unwrap ends goroutines":  {&testutil.WildError{Wrapped: func() error { runtime.Goexit(); return nil }}, "an error of type *testutil.WildError, whose methods do not return", true},
		"it wraps itself":         {circle(), "an error of type *testutil.WildError that wraps itself", false},
		"it wraps itself twice":   {wide(), "an error of type *contain_test.many that wraps itself", false},
		"itself in a known one":   {fmt.Errorf("x: %w", circle()), "an error of type *fmt.wrapError that wraps itself", false},
		"enormous":                {&testutil.WildError{Text: func() string { return strings.Repeat("x", 1<<20) }}, strings.Repeat("x", 4096) + "... (1048576 bytes)", false},
		"a terminal's":            {&testutil.WildError{Text: func() string { return "\x1b[2J" }}, `\x1b[2J`, false},
		"without a cause":         {&net.OpError{Op: "dial"}, "an error of type *net.OpError, whose Error panics: ", true},
		"a wrapped one without":   {fmt.Errorf("x: %w", &testutil.WildError{Wrapped: func() error { return &os.PathError{Op: "open"} }}), "x: wild", false},
		"a host without its name": {x509.HostnameError{}, "an error of type x509.HostnameError, whose Error panics: ", true},
		"an address panics":       {&net.OpError{Op: "read", Addr: badAddr{}, Err: io.EOF}, "an error of type *net.OpError, whose Error panics: in String", true},
	} {
		t.Run(name, func(t *testing.T) {
			p, got := contain.Tame(c.err)
			if !strings.HasPrefix(got.Error(), c.text) || (p != nil) != c.panicked {
				t.Errorf("%q, %v", got, p)
			}
			_ = errors.Is(got, io.EOF)
			_, _ = errors.AsType[*os.PathError](got)
		})
	}
}

type badAddr struct{}

func (badAddr) Network() string { return "bad" }
func (badAddr) String() string  { panic("in String") }

func TestAnErrorThatDoesNotAnswerIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		never := make(chan struct{})
		defer close(never)
		var asked atomic.Int64
		_, got := contain.Tame(&testutil.WildError{Matches: func() bool { asked.Add(1); <-never; return false }})
		for range 3 {
			if errors.Is(got, io.ErrClosedPipe) {
				t.Error("it is")
			}
		}
		p, hangs := contain.Tame(&testutil.WildError{Text: func() string { <-never; return "" }})
		if asked.Load() != 1 || p == nil || !strings.Contains(hangs.Error(), "do not return") {
			t.Errorf("asked %d times; %v", asked.Load(), hangs)
		}
	})
	var asked int
	_, got := contain.Tame(&testutil.WildError{Matches: func() bool { asked++; panic("in Is") }})
	for range 3 {
		_ = errors.Is(got, io.EOF)
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestAPanicWithAnErrorHasIt(t *testing.T) {
	p := contain.Call(func() { panic(fmt.Errorf("x: %w", io.EOF)) })
	if !errors.Is(p, io.EOF) || p.Text != "x: EOF" {
		t.Errorf("%v", p)
	}
	w := &testutil.WildError{Matches: func() bool { panic("in Is") }}
	if p := contain.Call(func() { panic(w) }); errors.Is(p, io.EOF) || p.Text != "wild" {
		t.Errorf("%v", p)
	}
}

func TestATallyReportsEachPanicOnceAndNoMoreThanAFew(t *testing.T) {
	var tally contain.Tally
	a, b := &contain.Panic{Text: "a"}, &contain.Panic{Text: "b"}
	if tally.Note("x", nil) || !tally.Note("x", a) || tally.Note("x", a) || !tally.Note("x", b) || !tally.Note("y", a) || tally.Count() != 4 {
		t.Errorf("%d", tally.Count())
	}
	reported := 3
	for i := range 1000 {
		if tally.Note("x", &contain.Panic{Text: fmt.Sprint(i)}) {
			reported++
		}
	}
	if reported != 32 || tally.Count() != 1004 {
		t.Errorf("%d reported of %d", reported, tally.Count())
	}
}

func TestATallyTellsThePlacesOfCodeApart(t *testing.T) {
	var tally contain.Tally
	var none *nilError
	one := func() { _ = none.text }
	two := func() { _ = none.text }
	for i, f := range []func(){one, one, two, two, one} {
		if first, want := tally.Note("x", contain.Call(f)), i == 0 || i == 2; first != want {
			t.Errorf("%d: %v", i, first)
		}
	}
	// What stands above in the stack makes no difference: it is the same code.
	if tally.Note("x", func() *contain.Panic { return contain.Apart(one) }()) {
		t.Error("it is new")
	}
}

func TestAStackIsCutToWholeLinesBehindThePanic(t *testing.T) {
	p := contain.Call(func() { deep(1000) })
	stack := string(p.Stack)
	if len(stack) > 8<<10+4 || len(stack) < 7<<10 || !strings.HasSuffix(stack, "\n...\n") || !strings.Contains(stack, "tame_test.go") {
		t.Errorf("%d bytes: %s", len(stack), stack[max(0, len(stack)-300):])
	}
	if p := contain.Call(func() { panic("short") }); strings.HasSuffix(string(p.Stack), "...\n") {
		t.Errorf("%s", p.Stack)
	}
}

// deep panics n calls below.
func deep(n int) int {
	if n == 0 {
		panic("deep")
	}
	return deep(n-1) + 1
}

func ExampleTame() {
	var missing *nilError
	p, err := contain.Tame(missing)
	fmt.Println(err)
	fmt.Println(p != nil)
	// Output:
	// an error of type *contain_test.nilError, whose Error panics: runtime error: invalid memory address or nil pointer dereference
	// true
}
