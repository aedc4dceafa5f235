package paired_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/paired"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// works of which one takes so long each time.
func takes(d time.Duration, done *int) func() error {
	return func() error {
		*done++
		time.Sleep(d)
		return nil
	}
}

func TestWorksAreComparedWithTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, times := range []int{1, 63, 64, 65, 1000} {
			var first, second, third int
			costs, err := paired.Measure(times, takes(10*time.Millisecond, &first), takes(11*time.Millisecond, &second), takes(5*time.Millisecond, &third))
			if err != nil {
				t.Fatal(err)
			}
			if first != times || second != times || third != times {
				t.Errorf("%d times: %d, %d and %d", times, first, second, third)
			}
			got := fmt.Sprintf("%v", costs)
			if want := "[{10ms 1} {11ms 1.1} {5ms 0.5}]"; got != want {
				t.Errorf("%d times: %s, not %s", times, got, want)
			}
		}
	})
}

// What the machine does in some rounds is not in the costs, and a machine that gets slower is so for all.
func TestWhatElseHappensFallsOnAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		slower := func(d time.Duration) func() error {
			return func() error {
				calls++
				if calls%1500 == 0 {
					time.Sleep(time.Hour) // as where the process stands still
				}
				time.Sleep(d * time.Duration(1+calls/256))
				return nil
			}
		}
		costs, err := paired.Measure(20_000, slower(10*time.Millisecond), slower(20*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		if x := costs[1].Times; x < 1.9 || x > 2.1 {
			t.Errorf("%v times as much", x)
		}
	})
}

// None always has the same one before it, or is always the first.
func TestAnotherWorkBeginsInEachRound(t *testing.T) {
	order, last := "", -1
	turn := func(i int) func() error {
		return func() error {
			if last != i {
				order += fmt.Sprint(i)
			}
			last = i
			return nil
		}
	}
	if _, err := paired.Measure(12, turn(0), turn(1), turn(2)); err != nil {
		t.Fatal(err)
	}
	if order != "012"+"120"+"201" {
		t.Errorf("the order is %s", order)
	}
}

func TestAnErrorEndsIt(t *testing.T) {
	bad, done := errors.New("bad"), 0
	_, err := paired.Measure(0, takes(0, &done), func() error { return bad }, takes(0, &done))
	if !errors.Is(err, bad) || done != 1 || err.Error() != "paired: work 2 of 3: bad" {
		t.Errorf("%v, after %d", err, done)
	}
	if costs, err := paired.Measure(5); len(costs) != 0 || err != nil {
		t.Errorf("of nothing %v, %v", costs, err)
	}
}

func ExampleMeasure() {
	costs, err := paired.Measure(1000, func() error { return nil }, func() error { return nil })
	fmt.Println(len(costs), costs[0].Times, err)
	// Output: 2 1 <nil>
}
