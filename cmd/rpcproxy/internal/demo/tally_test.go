package demo

import (
	"errors"
	"testing"
	"time"
)

func TestACallBelongsToTheStepInWhichItBegan(t *testing.T) {
	all := openTally()
	defer all.close()
	first := all.next("first")
	late := all.begin()
	second := all.next("second")
	select {
	case <-first.settled:
		t.Fatal("the first step is settled while a call of it is open")
	default:
	}
	all.end(all.begin(), time.Now(), nil)
	all.end(late, time.Now(), errors.New("lost"))
	<-first.settled
	all.next("")
	<-second.settled
	if first.calls != 1 || first.failed != 1 || len(first.causes) != 1 {
		t.Errorf("first: %+v, want one call that failed", first)
	}
	if second.calls != 1 || second.failed != 0 {
		t.Errorf("second: %+v, want one call", second)
	}
}

func TestTheGapIsMeasuredOverAllCallersAndEndsWithSuccessOnly(t *testing.T) {
	all := openTally()
	defer all.close()
	c := all.next("step")
	var begin time.Time
	all.do(func(s *tallyState) { begin = s.last })
	at := begin.Add
	one, two, three := all.begin(), all.begin(), all.begin()
	all.end(one, at(10*time.Second), nil)
	all.end(two, at(20*time.Second), errors.New("lost"))
	all.end(three, at(35*time.Second), nil)
	all.next("")
	<-c.settled
	if c.worst != 25*time.Second {
		t.Errorf("worst gap %v, want 25s: from the first success to the second", c.worst)
	}
}

func TestAGapThatLastsAtTheEndOfAStepIsItsOwn(t *testing.T) {
	all := openTally()
	defer all.close()
	first := all.next("first")
	call := all.begin()
	all.do(func(s *tallyState) { s.last = s.last.Add(-time.Minute) })
	all.next("second")
	all.end(call, time.Now(), errors.New("lost"))
	<-first.settled
	if first.worst < time.Minute {
		t.Errorf("worst gap %v, want the minute without a success", first.worst)
	}
}
