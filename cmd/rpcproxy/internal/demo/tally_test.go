package main

import (
	"errors"
	"testing"
	"time"
)

func TestACallBelongsToTheActInWhichItBegan(t *testing.T) {
	b := openBooks()
	defer b.close()
	first := b.turn("first")
	late := b.begin()
	second := b.turn("second")
	select {
	case <-first.settled:
		t.Fatal("the first act is settled while a call of it is under way")
	default:
	}
	b.end(b.begin(), time.Now(), nil)
	b.end(late, time.Now(), errors.New("lost"))
	<-first.settled
	b.turn("")
	<-second.settled
	if first.calls != 1 || first.failed != 1 || len(first.causes) != 1 {
		t.Errorf("first: %+v, want one call that failed", first)
	}
	if second.calls != 1 || second.failed != 0 {
		t.Errorf("second: %+v, want one call", second)
	}
}

func TestTheGapIsMeasuredOverAllCallersAndEndsWithSuccessOnly(t *testing.T) {
	b := openBooks()
	defer b.close()
	a := b.turn("act")
	var begin time.Time
	b.do(func(p *page) { begin = p.last })
	at := begin.Add
	one, two, three := b.begin(), b.begin(), b.begin()
	b.end(one, at(10*time.Second), nil)
	b.end(two, at(20*time.Second), errors.New("lost"))
	b.end(three, at(35*time.Second), nil)
	b.turn("")
	<-a.settled
	if a.worst != 25*time.Second {
		t.Errorf("worst gap %v, want 25s: from the first success to the second", a.worst)
	}
}

func TestAGapThatLastsAtTheEndOfAnActIsItsOwn(t *testing.T) {
	b := openBooks()
	defer b.close()
	first := b.turn("first")
	call := b.begin()
	b.do(func(p *page) { p.last = p.last.Add(-time.Minute) })
	b.turn("second")
	b.end(call, time.Now(), errors.New("lost"))
	<-first.settled
	if first.worst < time.Minute {
		t.Errorf("worst gap %v, want the minute without a success", first.worst)
	}
}
