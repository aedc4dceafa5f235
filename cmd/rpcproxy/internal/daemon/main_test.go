package daemon

import (
	"fmt"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func TestNoErrorShowsWhatIsNotPrintable(t *testing.T) {
	testutil.CheckErrorTexts(t, ".", func(text string, cause error) []error {
		return []error{&SocketError{Name: text, Reason: text, Err: cause}, &SocketError{Name: text, Reason: notTaken, Err: cause}}
	})
}

func TestEachKindOfRefusalIsLoggedOnceAndTheyAreBounded(t *testing.T) {
	r := newRefusals()
	const callers = 16
	firsts := make(chan int)
	for range callers {
		go func() {
			n := 0
			for key := range 2 * maxRefusals {
				if r.first(fmt.Sprint(key)) {
					n++
				}
			}
			firsts <- n
		}()
	}
	all := 0
	for range callers {
		all += <-firsts
	}
	if all != maxRefusals {
		t.Errorf("%d lines for %d kinds at most", all, maxRefusals)
	}
	r.forget()
	if !r.first("1") || r.first("1") {
		t.Error("after a reload a kind is logged once more")
	}
}
