package contain_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

type panicking struct{}

func (panicking) Error() string          { panic(panicking{}) }
func (panicking) Is(error) bool          { panic("in Is") }
func (panicking) String() string         { panic("in String") }
func (panicking) Format(fmt.State, rune) { panic("in Format") }

func TestAPanicIsReturnedWithItsStack(t *testing.T) {
	for _, call := range []func(func()) *contain.Panic{contain.Call, contain.Apart} {
		p := call(func() { panic("boom\n") })
		if p == nil || p.Error() != `panic: boom\n` || !strings.Contains(string(p.Stack), "contain_test.go") {
			t.Errorf("%+v", p)
		}
		if p := call(func() {}); p != nil {
			t.Error(p)
		}
		if p := call(func() { panic(panicking{}) }); p == nil || p.Text == "" {
			t.Errorf("%+v", p)
		}
		if p := call(func() { panic(nil) }); p == nil { //nolint:govet // what Go makes of it is a panic too
			t.Error("nothing")
		}
	}
}

func TestAGoexitIsContainedApart(t *testing.T) {
	if p := contain.Apart(func() { runtime.Goexit() }); p == nil || p.Text != "runtime.Goexit was called" || !strings.Contains(string(p.Stack), "TestAGoexitIsContainedApart") {
		t.Errorf("%+v", p)
	}
}

func TestTheTextOfAnErrorIsThereWhateverItsMethodsDo(t *testing.T) {
	var typedNil *nilError
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("a\x1b[2J\nb"), `a\x1b[2J\nb`},
		{typedNil, "an error of type *contain_test.nilError, whose Error panics: runtime error: invalid memory address or nil pointer dereference"},
		{panicking{}, "an error of type contain_test.panicking, whose Error panics: "},
		{fmt.Errorf("%s", strings.Repeat("x", 5000)), strings.Repeat("x", 200) + "... (5000 bytes)"},
	} {
		if got := contain.ErrorText(c.err, 200); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%T: %q", c.err, got)
		}
	}
	if contain.Is(panicking{}, errors.ErrUnsupported) || !contain.Is(fmt.Errorf("x: %w", errors.ErrUnsupported), errors.ErrUnsupported) {
		t.Error("Is")
	}
}

func TestANilIsFoundInsideAnInterface(t *testing.T) {
	var e *nilError
	var f func()
	var m map[string]int
	for _, v := range []any{nil, e, error(e), f, m, (chan int)(nil), []int(nil)} {
		if !contain.IsNil(v) {
			t.Errorf("%T", v)
		}
	}
	for _, v := range []any{0, "", &nilError{}, func() {}, struct{}{}, []int{}} {
		if contain.IsNil(v) {
			t.Errorf("%T", v)
		}
	}
}

func ExampleCall() {
	p := contain.Call(func() { panic("a hook gone wrong") })
	fmt.Println(p)
	// Output: panic: a hook gone wrong
}
