package mux

import (
	"sync"
	"testing"
)

func TestPortsAreFoundWhileOthersComeAndGo(t *testing.T) {
	var p ports
	const each, hands = 512, 8
	var wg sync.WaitGroup
	for hand := range uint32(hands) {
		wg.Go(func() {
			for i := range uint32(each) {
				stream := 2*(i*hands+hand) + 1
				at := p.add(stream)
				if at.window.Load() != windowSize || p.add(stream) != at || p.find(stream) != at {
					t.Errorf("stream %d: %+v", stream, at)
				}
				if i%2 == 0 {
					p.remove(stream)
					p.remove(stream) // there is none any more
					if p.find(stream) != nil {
						t.Errorf("stream %d was removed and is there", stream)
					}
				}
			}
		})
	}
	wg.Wait()
	for i := range uint32(each) {
		for hand := range uint32(hands) {
			if at, want := p.find(2*(i*hands+hand)+1), i%2 == 1; (at != nil) != want {
				t.Fatalf("stream %d: %v, want it there: %v", 2*(i*hands+hand)+1, at, want)
			}
		}
	}
	longest := 0
	for i := range p {
		if list := p[i].Load(); list != nil {
			longest = max(longest, len(*list))
		}
	}
	if longest > each*hands/portShards {
		t.Errorf("a list of %d: to change it costs as much", longest)
	}
}
