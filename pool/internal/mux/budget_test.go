package mux

import "testing"

func TestAConnectionAloneGetsThreeQuartersAndManyLeaveSomeToTheNext(t *testing.T) {
	const most = 1 << 20
	b := NewBudget(most)
	take := func(s *Share) (n int64) {
		for s.Take(1) {
			n++
		}
		return n
	}
	var greedy []*Share
	for n := range 6 {
		s := &Share{budget: b}
		greedy = append(greedy, s)
		got, left := take(s), most-b.Used()
		if got == 0 || left <= 0 || got > greed*(left+1) {
			t.Fatalf("connection %d got %d, and left %d", n, got, left)
		}
		if n == 0 && got != most*3/4 {
			t.Fatalf("the first one got %d of %d", got, most)
		}
	}
	for _, s := range greedy {
		s.Give(s.used.Load())
	}
	if b.Used() != 0 {
		t.Fatalf("%d are held when all were given back", b.Used())
	}
}

func TestWhatIsHeldAloneMayBeOfAnySize(t *testing.T) {
	b := NewBudget(100)
	one, two := &Share{budget: b}, &Share{budget: b}
	if !one.TakeAlone(5000, 0) || b.Used() != 5000 || one.used.Load() != 5000 {
		t.Fatalf("%d are held", b.Used())
	}
	if two.TakeAlone(1, 0) || two.Take(1) || b.Used() != 5000 || two.used.Load() != 0 {
		t.Fatal("another one beside it")
	}
	one.Give(5000)
	if !two.TakeAlone(75, 0) || two.TakeAlone(1, 0) || b.Used() != 75 {
		t.Fatalf("%d are held", b.Used())
	}
	if one.TakeAlone(5000, 70) || !two.TakeAlone(5000, 75) || b.Used() != 5075 || two.used.Load() != 5075 {
		t.Fatalf("beside its own: %d, %d", b.Used(), two.used.Load())
	}
	two.Give(5000)
}
