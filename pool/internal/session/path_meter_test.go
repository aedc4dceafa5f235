package session

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

const (
	gigabit  = 125_000_000
	megabyte = int64(1 << 20)
)

// sizes are of the windows of replies together, the smallest and the largest.
func (s *simLine) sizes() (sum, least, most int64) {
	for i, r := range s.replies {
		sum += r.size
		if most = max(most, r.size); i == 0 || r.size < least {
			least = r.size
		}
	}
	return sum, least, most
}

func TestRepliesThatComeInTogetherShareWhatThePathNeeds(t *testing.T) {
	for _, c := range []struct {
		n    int
		rate int64
		trip time.Duration
	}{{2, gigabit, 20 * time.Millisecond}, {4, gigabit, 20 * time.Millisecond}, {16, gigabit, 20 * time.Millisecond}, {4, gigabit / 10, time.Millisecond}, {4, gigabit / 2, 200 * time.Millisecond}} {
		for _, before := range []int64{0, 32} { // of one alone, in MiB
			line := &simLine{rate: c.rate, trip: c.trip}
			if before > 0 {
				line.add(before*megabyte, 0)
				line.run(time.Hour)
				line.replies = nil
			}
			for range c.n {
				line.add(1<<40, 16*megabyte)
			}
			line.run(time.Duration(line.free) + 40*c.trip)
			from, begin := line.used, line.free
			line.run(time.Duration(line.free) + max(200*c.trip, time.Second))
			sum, least, most := line.sizes()
			carries := line.carries()
			if limit := int64(c.n)*mux.WindowSize + carries*17/10; sum > limit || most > max(mux.WindowSize, 4*least) {
				t.Errorf("%+v after %d: windows of %d, from %d to %d, for %d that the path carries", c, before, sum, least, most, carries)
			}
			if share := max(mux.WindowSize, carries/int64(c.n)); least < share {
				t.Errorf("%+v after %d: a window of %d, want %d", c, before, least, share)
			}
			used := float64(line.used-from) * float64(time.Second) / float64(line.rate) / float64(line.free-begin)
			if used < 0.95 {
				t.Errorf("%+v after %d: %.2f of the line are used", c, before, used)
			}
			if all := line.path.beyond.Load(); all > line.path.budget(mostTimes) || sum != all+int64(c.n)*mux.WindowSize && before == 0 {
				t.Errorf("%+v after %d: %d are counted", c, before, all)
			}
		}
	}
}

func TestANewReplyBesideAnotherGetsGoingAndOneAloneHasAll(t *testing.T) {
	line := &simLine{rate: gigabit, trip: 20 * time.Millisecond}
	first := line.add(1<<40, 0)
	line.run(time.Second)
	alone := first.size
	for range 3 { // what streams that wait are allowed does not matter
		line.add(0, 0)
	}
	second := line.add(1<<40, 0)
	line.run(time.Second + 100*time.Millisecond)
	if share := alone / 2; second.size < share*9/10 || first.size > share*12/10 {
		t.Errorf("after 100 ms the windows are %d and %d, of %d before", first.size, second.size, alone)
	}
	second.stalls = true // amid its reply
	line.run(time.Second + 500*time.Millisecond)
	if first.size < alone*9/10 {
		t.Errorf("beside one that stalls a window of %d, of %d before", first.size, alone)
	}
	second.stalls = false
	line.run(2 * time.Second)
	if share := alone / 2; second.size < share*9/10 || first.size > share*12/10 {
		t.Errorf("the windows are %d and %d in the end, of %d before", first.size, second.size, alone)
	}
}

// What was measured before a pause says nothing of how many come in after it, and the pause nothing
// of the path.
func TestAReplyAfterAPauseHasAllTheWindow(t *testing.T) {
	line := &simLine{rate: gigabit, trip: 20 * time.Millisecond}
	for range 4 {
		line.add(64*megabyte, 0)
	}
	line.run(time.Hour)
	need := line.path.need.Load()
	line.free += int64(5 * time.Second)
	r := line.add(2*megabyte, 0)
	line.run(time.Hour)
	if line.path.need.Load() < need*99/100 || r.size < need*9/10 {
		t.Errorf("a window of %d after a pause, of %d", r.size, need)
	}
}

// However many replies stall, what all are allowed has a bound, and each has mux.WindowSize.
func TestWhatAllWindowsAllowHasABound(t *testing.T) {
	line := &simLine{rate: gigabit, trip: 20 * time.Millisecond}
	budget := int64(0)
	for range 20 {
		r := line.add(1<<40, 0)
		for range 100 {
			line.run(time.Duration(line.free) + 10*time.Millisecond)
			budget = max(budget, line.path.budget(mostTimes))
			if all := line.path.beyond.Load(); all > budget {
				t.Fatalf("%d are allowed, of %d", all, budget)
			}
		}
		r.stalls = true
	}
	last := line.replies[19]
	if last.size != mux.WindowSize || budget < 4*line.carries() {
		t.Errorf("a window of %d is left, of %d", last.size, budget)
	}
	for _, r := range line.replies {
		line.path.over(&r.beyond)
		line.path.over(&r.beyond)
	}
	if all := line.path.beyond.Load(); all != 0 {
		t.Errorf("%d are allowed to streams that are over", all)
	}
	if line.path.lend(&last.beyond, 1, 1<<40) != 0 || line.path.beyond.Load() != 0 {
		t.Error("a stream that is over was allowed something")
	}
	line.path.back(&last.beyond, 5)
	if line.path.beyond.Load() != 0 {
		t.Error("and something was taken back of it")
	}
}

// A stream that waits has no more than half of what is left for such, and is not kept where they
// have too much.
func TestStreamsThatWaitAreAllowedTwiceWhatThePathNeeds(t *testing.T) {
	var p pathMeter
	var few loan
	if p.openWith(&few) != 0 {
		t.Error("a new stream is allowed something before anything is known")
	}
	p.need.Store(4 * megabyte)
	var all [100]loan
	for i := range all {
		p.openWith(&all[i])
	}
	if all[0].Load() != 4*megabyte-mux.WindowSize || all[1].Load() < megabyte || all[4].Load() == 0 || p.beyond.Load() > p.budget(restTimes) {
		t.Errorf("they are allowed %d, %d and %d in all", all[0].Load(), all[1].Load(), p.beyond.Load())
	}
	if p.tooMuch(&all[0]) {
		t.Error("that is too much")
	}
	p.lend(&all[1], 4*megabyte, p.budget(mostTimes)) // its reply was large
	if !p.tooMuch(&all[1]) || p.tooMuch(&few) {
		t.Error("a stream is kept with too much, or one that has nothing is not")
	}
}

func TestTheWindowsFollowAWayThatBecomesAnother(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name         string
		rate, after  int64
		trip, become time.Duration
	}{
		{"the same", gigabit / 4, gigabit / 4, 80 * ms, 80 * ms},
		{"longer", gigabit, gigabit / 4, 2 * ms, 40 * ms},
		{"longer from a large window", gigabit / 4, gigabit / 4, 40 * ms, 160 * ms},
		{"shorter", gigabit / 4, gigabit / 4, 160 * ms, 40 * ms},
		{"slower", gigabit / 4, gigabit / 16, 80 * ms, 80 * ms},
		{"longer and slower", gigabit / 2, gigabit / 8, 20 * ms, 80 * ms},
		{"faster", gigabit / 16, gigabit / 4, 80 * ms, 80 * ms},
	} {
		for _, n := range []int{1, 2, 4} {
			line := &simLine{rate: c.rate, trip: c.trip}
			for range n {
				line.add(1<<40, 16*megabyte)
			}
			line.run(2 * time.Second)
			line.rate, line.trip = c.after, c.become
			line.run(25 * time.Second)
			carries := line.carries()
			sum, _, _ := line.sizes()
			from, begin := line.used, line.free
			line.run(35 * time.Second)
			used := float64(line.used-from) * float64(time.Second) / float64(line.rate) / float64(line.free-begin)
			t.Logf("%s, %d: windows of %.2f of what the path carries, and %.2f of the line are used", c.name, n, float64(sum)/float64(carries), used)
			if used < 0.9 || sum > carries*18/10+int64(n)*mux.WindowSize {
				t.Errorf("%s, %d: windows of %d, for %d that the path carries, and %.2f of the line are used", c.name, n, sum, carries, used)
			}
		}
	}
}

// Where the path is full also with the windows of a probe, a round trip during it is not the way's.
func TestAPathThatStaysFullIsNotTakenForALongerOne(t *testing.T) {
	small := &simLine{rate: gigabit / 10, trip: time.Millisecond}
	small.path.trip(int64(small.trip), 1) // of an answer, while little came in
	for range 4 {
		small.add(1<<40, 16*megabyte)
	}
	small.run(45 * time.Second)
	if sum, _, most := small.sizes(); most > mux.WindowSize {
		t.Errorf("windows of %d, one of them %d, where the smallest fill the path", sum, most)
	}
	slower := &simLine{rate: gigabit / 4, trip: 80 * time.Millisecond}
	slower.add(1<<40, 16*megabyte)
	slower.run(9 * time.Second)
	slower.rate /= 8
	for at := 9 * time.Second; at < 16*time.Second; at += 100 * time.Millisecond {
		slower.run(at)
		if least := time.Duration(slower.path.least); least > slower.trip*9/8 {
			t.Fatalf("the least round trip is %v after %v, of a way of %v", least, at, slower.trip)
		}
	}
	if slower.path.seen < int64(9*time.Second) {
		t.Error("there was no probe")
	}
}

// Little comes in then because there is nothing to send, and not since the windows are smaller.
func TestAPauseAmidAProbeIsNotTakenForAWayThatIsNotFull(t *testing.T) {
	line := &simLine{rate: gigabit / 4, trip: 80 * time.Millisecond}
	r := line.add(1<<40, 0)
	line.run(5 * time.Second)
	line.rate /= 8 // and the path is full also with the windows of a probe
	for line.path.probe.on == 0 {
		line.run(time.Duration(line.free) + time.Millisecond)
	}
	r.left = 0
	line.run(time.Hour)
	line.free += int64(5 * time.Second)
	r.left, r.begun = 1<<40, r.sent
	line.run(time.Duration(line.free) + 2*time.Second)
	if least := time.Duration(line.path.least); line.path.probe.at != 0 || least > line.trip*9/8 {
		t.Errorf("the least round trip is %v, of a way of %v", least, line.trip)
	}
}

// A call that is answered at once shows that the way is as it was.
func TestAnAnswerAtOnceKeepsTheLeastRoundTrip(t *testing.T) {
	p := pathMeter{rate: 1}
	p.begins(100, 200)
	if p.least != 0 {
		t.Error("how long a call took is taken for the way where nothing is known")
	}
	p.trip(1000, 1)
	for _, c := range []struct {
		took, now   int64
		least, seen int64
	}{{1200, 2000, 1000, 1}, {1100, 3000, 1000, 3000}, {900, 4000, 900, 4000}, {5000, 9000, 900, 4000}} {
		if p.begins(c.now-c.took, c.now); p.least != c.least || p.seen != c.seen {
			t.Errorf("after an answer within %d the least is %d, seen at %d, want %d and %d", c.took, p.least, p.seen, c.least, c.seen)
		}
	}
	if p.due(4000 + leastAge); p.probe.at != 0 {
		t.Error("it is looked for anew too soon")
	}
	if p.due(4001 + leastAge); p.probe.at == 0 {
		t.Error("it is not looked for anew")
	}
	if p.begins(4100+leastAge, 4950+leastAge); p.probe.at != 0 {
		t.Error("it is still looked for")
	}
}

func TestARoundTripThatIsSeenAgainHoweverShortIsOfLate(t *testing.T) {
	var p pathMeter
	p.trip(0, 1) // of a clock that is coarse
	if p.trip(0, 5); p.least != 1 || p.seen != 5 {
		t.Errorf("the least round trip is %d, seen at %d, want 1 and 5", p.least, p.seen)
	}
}

func TestAPathNeedsNoMoreThanTheMost(t *testing.T) {
	var p pathMeter
	if p.found(1 << 40); p.need.Load() != needMost {
		t.Errorf("a path of which a window was all needs %d", p.need.Load())
	}
	p.rate, p.least = 1<<40, 1<<40
	if p.reckon(); p.need.Load() != needMost {
		t.Errorf("a path that carries more than can be counted needs %d", p.need.Load())
	}
}
