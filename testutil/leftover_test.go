package testutil

import (
	"runtime"
	"testing"
	"time"
)

func TestGoroutinesThatStayAreLeftOverAndThoseThatEndAreNot(t *testing.T) {
	before := runtime.NumGoroutine()
	end := make(chan struct{})
	const many = 1000 // more than other tests may have running down
	for range many {
		go func() { <-end }()
	}
	if n := Leftover(before, 10*time.Millisecond); n < many/2 || n > many {
		t.Errorf("%d left over while %d stay", n, many)
	}
	close(end)
	if n := Leftover(before, patience); n != 0 {
		t.Errorf("%d left over after they ended", n)
	}
}
