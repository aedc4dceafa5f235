package mux

import (
	"slices"
	"testing"
)

func TestEachAcknowledgementMakesRoomForAnotherStreamWhileStreamsWait(t *testing.T) {
	for _, c := range []struct{ allowed, waiting, want int64 }{
		{openingsFirst, 31, openingsFirst + 1},
		{openingsFirst, 1, openingsFirst + 1},
		{openingsMost - 1, 200, openingsMost},
		{openingsMost, 200, openingsMost},
		{openingsMost, 0, openingsFirst},
		{openingsFirst, 0, openingsFirst},
	} {
		if got := openingsAllowed(c.allowed, c.waiting); got != c.want {
			t.Errorf("%d allowed and %d waiting: %d, want %d", c.allowed, c.waiting, got, c.want)
		}
	}
}

func TestABurstOfOpeningsDoublesWithEachRoundTripAndIsForgotten(t *testing.T) {
	var o openings
	o.init()
	take := func() (n int) {
		for {
			select {
			case <-o.tokens:
				o.took(0)
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
	if want := []int{32, 62, 122, 242, 252}; o.allowed.Load() != openingsMost || !slices.Equal(trips, want) {
		t.Fatalf("%v, want %v; %d allowed", trips, want, o.allowed.Load())
	}
	for o.waiting.Load() > 0 {
		o.acknowledged(2)
	}
	if n := take(); n != openingsFirst {
		t.Fatalf("%d streams may be opened when none waits", n)
	}
	o.untake()
	if n := take(); n != 1 {
		t.Fatalf("%d tokens after one was given back", n)
	}
}

func TestStreamsThatWaitAreToldOfAnewAfterTheLastOneWasNotOpened(t *testing.T) {
	var o openings
	o.init()
	<-o.tokens
	o.took(0)
	o.told.Store(true)
	o.untake()
	if o.told.Load() {
		t.Error("who waits next is not told of")
	}
}
