package fleet

import "testing"

// A policy that was made worse on purpose must fail scenarios; else expectations expect
// nothing.
func TestExpectationsNoticeAWorsePolicy(t *testing.T) {
	for _, c := range []struct {
		what  string
		spoil spoil
		with  string
		in    []string
	}{
		{"jitter off", noJitter, "seed 1", []string{"boot", "started-together", "rolling-fast", "join"}},
		{"back-off off", noBackoff, "clients 10k as 100", []string{"outage", "outage-small", "outage-staged", "outage-large"}},
	} {
		for _, name := range c.in {
			t.Run(c.what+", "+name, func(t *testing.T) {
				s, err := Named(name)
				if err != nil {
					t.Fatal(err)
				}
				if s = s.Short(); name != "outage-small" {
					if s, err = s.With(c.with); err != nil {
						t.Fatal(err)
					}
				}
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
