package mux

import (
	"slices"
	"testing"
)

func TestEachAcknowledgementMakesRoomForAnotherStreamWhileStreamsWait(t *testing.T) {
	for _, c := range []struct{ allowed, waiting, want int64 }{
		{OpensFirst, 31, OpensFirst + 1},
		{OpensFirst, 1, OpensFirst + 1},
		{opensMost - 1, 200, opensMost},
		{opensMost, 200, opensMost},
		{opensMost, 0, OpensFirst},
		{OpensFirst, 0, OpensFirst},
	} {
		if got := opensAllowed(c.allowed, c.waiting); got != c.want {
			t.Errorf("%d allowed and %d waiting: %d, want %d", c.allowed, c.waiting, got, c.want)
		}
	}
}

func TestABurstOfOpeningsDoublesWithEachRoundTripAndIsForgotten(t *testing.T) {
	var o Opens
	o.init()
	take := func() (n int) {
		for {
			select {
			case <-o.tokens:
				o.Took(0)
				n++
			default:
				return n
			}
		}
	}
	var trips []int
	for range 5 {
		n := take()
		trips = append(trips, n)
		for range n - 1 { // one of each trip waits
			o.acknowledged(1)
		}
	}
	if want := []int{32, 62, 122, 242, 252}; o.allowed.Load() != opensMost || !slices.Equal(trips, want) {
		t.Fatalf("%v, want %v; %d allowed", trips, want, o.allowed.Load())
	}
	for o.waiting.Load() > 0 {
		o.acknowledged(2)
	}
	if n := take(); n != OpensFirst {
		t.Fatalf("%d streams may be opened when none waits", n)
	}
	o.Return()
	if n := take(); n != 1 {
		t.Fatalf("%d tokens after one was given back", n)
	}
}

func TestStreamsThatWaitAreReportedAnewAfterTheLastOneWasNotOpened(t *testing.T) {
	var o Opens
	o.init()
	<-o.tokens
	o.Took(0)
	o.Reported.Store(true)
	o.Return()
	if o.Reported.Load() {
		t.Error("the next stream that waits will not be reported")
	}
}
