package fleet

import (
	"errors"
	"fmt"
	"testing"
)

// A policy that is deliberately worse must fail scenarios: else expectations expect nothing.
func TestExpectationsNoticeAWorsePolicy(t *testing.T) {
	for _, c := range []struct {
		what  string
		spoil spoil
		in    []string
	}{
		{"jitter off", noJitter, spoiledByNoJitter},
		{"back-off off", noBackoff, spoiledByNoBackoff},
	} {
		for _, name := range c.in {
			t.Run(c.what+", "+name, func(t *testing.T) {
				t.Parallel()
				s, err := Named(name)
				if err != nil {
					t.Fatal(err)
				}
				s = s.Short()
				s.Config.spoil = c.spoil
				got, err := Compare(t.Context(), s, Options{Policies: []Policy{Shuffle}})
				if err != nil {
					t.Fatal(err)
				}
				if len(got.Failed()) == 0 {
					t.Error("it was not noticed")
				}
				for _, f := range got.Failed() {
					t.Log(f)
				}
			})
		}
	}
}

var (
	spoiledByNoJitter  = Names()
	spoiledByNoBackoff = Names()
)

var (
	_ = errors.New
	_ = fmt.Sprint
)
