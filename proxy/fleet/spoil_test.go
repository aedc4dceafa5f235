package fleet

import "testing"

// A policy that was made worse on purpose must fail scenarios; else expectations expect
// nothing.
func TestExpectationsNoticeAWorsePolicy(t *testing.T) {
	for _, c := range []struct {
		what  string
		spoil spoil
		in    [][2]string // scenarios, and the fleets in which they are quick
	}{
		{"jitter off", noJitter, [][2]string{
			{"boot", "clients 100k as 300"}, {"rolling-fast", "clients 10k as 300"}, {"join", "clients 10k as 300"},
		}},
		{"back-off off", noBackoff, [][2]string{
			{"outage", "clients 10k as 100"}, {"outage-small", "clients 20"}, {"outage-staged", "clients 10k as 100"}, {"outage-large", "clients 100k as 100"},
		}},
	} {
		for _, of := range c.in {
			t.Run(c.what+", "+of[0], func(t *testing.T) {
				s, err := Named(of[0])
				if err != nil {
					t.Fatal(err)
				}
				if s, err = s.Short().With(of[1]); err != nil {
					t.Fatal(err)
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
