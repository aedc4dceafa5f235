package attempt

import "testing"

// What may have been executed is sent again only where that does no harm, whatever the
// failure. A server that refuses for its load has executed nothing.
func TestACallThatMayHaveBeenExecutedIsNotSentAgain(t *testing.T) {
	for kind := Final; kind <= Throttled; kind++ {
		for _, outcome := range []Outcome{MaybeExecuted, NotSent, Rejected} {
			for _, repeatable := range []bool{false, true} {
				f := Failure{Kind: kind, Outcome: outcome}
				v := f.Judge(repeatable)
				limited := kind == Limited || kind == Throttled
				if v.Retry && outcome == MaybeExecuted && !repeatable && !limited {
					t.Errorf("%+v is sent again", f)
				}
				if want := kind != Final; repeatable && v.Retry != want {
					t.Errorf("%+v, repeatable: sent again %v, want %v", f, v.Retry, want)
				}
				if v.Rotate && (v.Pass || kind != Lost && kind != Leaderless && kind != Misplaced) {
					t.Errorf("%+v: %+v", f, v)
				}
				if !v.Retry && (v.Few || v.Denied) && (kind < Denied || kind > Foreign) || kind == Final && v != (Verdict{}) {
					t.Errorf("%+v: %+v", f, v)
				}
			}
		}
	}
}
