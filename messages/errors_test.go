package messages_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
)

func TestNoErrorOfAnAddressRepeatsAPassword(t *testing.T) {
	for in, want := range map[string]string{"me:s3cr3t@host:1": `"...@host:1"`, "http://me:s3cr3t/x@y@host:1": `"...@host:1"`, "a@": `"...@"`} {
		_, err := messages.ParseServer(in)
		if err == nil || strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func addrErrors(inputs ...string) (errs []*messages.AddrError) {
	for _, in := range inputs {
		_, err := messages.ParseServer(in)
		if bad, ok := errors.AsType[*messages.AddrError](err); ok {
			errs = append(errs, bad)
		}
	}
	return errs
}

func TestAnAddrsErrorNamesEachBadAddress(t *testing.T) {
	for _, inputs := range [][]string{{"a b"}, {"a b", "nomad:0", "http://x", strings.Repeat("y", 999)}} {
		err := fmt.Errorf("backups: %w", &messages.AddrsError{Errs: addrErrors(inputs...)})
		for _, in := range inputs {
			if quoted := fmt.Sprintf("%q", in[:min(len(in), 100)]); !strings.Contains(err.Error(), quoted) {
				t.Errorf("%q is not named in: %v", in, err)
			}
		}
		all, ok := errors.AsType[*messages.AddrsError](err)
		if !ok || len(all.Unwrap()) != len(inputs) {
			t.Fatalf("%#v does not unwrap to %d errors", err, len(inputs))
		}
		for i, one := range all.Unwrap() {
			if !errors.Is(err, one) || one != error(all.Errs[i]) {
				t.Errorf("cause %d is %v, want %v", i, one, all.Errs[i])
			}
		}
	}
}

func TestAnUpdateErrorOfAnEmptyHeartbeatNamesTheCause(t *testing.T) {
	err := &messages.UpdateError{}
	if !strings.Contains(err.Error(), "no server") || len(err.Unwrap()) != 0 {
		t.Errorf("%v, unwraps to %v", err, err.Unwrap())
	}
}

func TestAnUpdateErrorShowsTheFirstFewCauses(t *testing.T) {
	for _, n := range []int{1, 5, 6, 1000} {
		e := &messages.UpdateError{Offered: n}
		for i := range n {
			e.Causes = append(e.Causes, fmt.Errorf("cause <%d>", i))
		}
		text := e.Error()
		if got := strings.Count(text, "cause <"); got != min(n, 5) {
			t.Errorf("%d causes: %d shown in %q", n, got, text)
		}
		if !strings.Contains(text, fmt.Sprint(n)) {
			t.Errorf("the text does not say that %d servers were offered: %q", n, text)
		}
		if more := strings.Contains(text, fmt.Sprintf("and %d more", n-5)); more != (n > 5) {
			t.Errorf("%d causes: %q", n, text)
		}
		if got := len(e.Unwrap()); got != min(n, 5) {
			t.Errorf("%d causes: %d unwrapped", n, got)
		}
		_ = append(e.Unwrap(), io.EOF) // must copy: there is no room to write into
		if errors.Is(errors.Join(e.Causes...), io.EOF) {
			t.Errorf("%d causes: an append to what was unwrapped changed them", n)
		}
	}
}

func TestAnUpdateErrorUnwrapsToItsCauses(t *testing.T) {
	e := &messages.UpdateError{Offered: 2, Causes: []error{io.EOF, addrErrors("x y")[0]}}
	err := fmt.Errorf("heartbeat: %w", e)
	bad, ok := errors.AsType[*messages.AddrError](err)
	if !ok || bad.Input != "x y" || !errors.Is(err, io.EOF) {
		t.Errorf("%v does not unwrap to both causes", err)
	}
}
