package poolcore

import "time"

// The decisions of a call that waits on a session for its answer: when it reports [Overdue]
// and [Late], and what it reports as [Unanswered] when it leaves.

// mostLate is the longest that a call waits between two reports of Late, as a multiple of
// the silence limit.
const mostLate = 10

// usualMost is the longest that a call waits until it is late, as a multiple of the silence
// limit: a Status.Ping then and now is cheaper than a server that hangs.
const usualMost = 10

// leftShare is the part of the silence limit that a caller must have waited for to be
// counted when it leaves, and in which one of them is.
const leftShare = 10

// FirstLook is how long after it began a call looks for the first time whether it is overdue
// or late. Its server may hold it for held, and may then take pause.
func FirstLook(held, silence, pause time.Duration) time.Duration { return held + min(silence, pause) }

// OverdueIn reports whether a call is [Overdue] on a session on which nothing has come in for
// silent, and after which time to look again. For excused from now on what was sent may
// still be on its way.
func OverdueIn(silent, silence, excused time.Duration) (again time.Duration, overdue bool) {
	if left := max(silence-silent, excused); left > 0 {
		return left, false
	}
	return silence, true
}

// LateIn reports whether a call is [Late] that has waited so long beyond what its server may
// hold it for, and after which time to look again: less and less often, as a call that
// takes long costs a Status.Ping now and then. usual is when calls of its method are late
// (LateAfter), unanswered for how long none on the session was answered since then.
func LateIn(waited, unanswered, usual, silence time.Duration) (again time.Duration, late bool) {
	if waited < usual || unanswered < silence {
		return max(usual-waited, silence-unanswered), false
	}
	return min(max(waited, silence), mostLate*silence), true
}

// LeavesLate reports whether a caller that leaves after it has waited so long is to be
// looked at later: for all that leave in one moment one is enough. last is how long ago one
// was.
func LeavesLate(waited, last, silence time.Duration) bool {
	return waited >= silence/leftShare && last >= silence/leftShare
}

// LateAfter is the time after which a call is late, of a method that usually takes that
// long: half as much again, at least the silence limit and at most a multiple of it.
func LateAfter(usually, silence time.Duration) time.Duration {
	return max(silence, min(usually+usually/2, usualMost*silence))
}

// Learned is how long a method usually takes after another answer took that long. A slower
// answer counts at once and a quicker one by an eighth, so that a method whose times vary
// is late only beyond its long ones. A time below half of the silence limit is zero.
func Learned(usually, took, silence time.Duration) time.Duration {
	if took < usually {
		took = usually - (usually-took)/8
	}
	if took < silence/2 {
		return 0
	}
	return min(took, usualMost*silence)
}
