package halfhung_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/internal/halfhung"
)

const ms = time.Millisecond

// diary makes observations on a clock of its own.
type diary struct {
	t   *testing.T
	now time.Time
	log *halfhung.Log
}

func newDiary(t *testing.T) *diary { return &diary{t: t, now: time.Unix(1000, 0)} }

// unanswered is a call that begins now and is given up after a while.
func (d *diary) unanswered(server, method string, waited, usually time.Duration) {
	began := d.now
	d.now = d.now.Add(waited)
	d.log = d.log.Unanswered(d.now, server, method, began, usually)
}

// answered is a call that is answered now; want are the servers that this shows to be half hung.
func (d *diary) answered(server, method string, took time.Duration, want ...string) {
	d.t.Helper()
	var behind []halfhung.Behind
	d.log, behind = d.log.Answered(d.now, server, method, took)
	var got []string
	for _, b := range behind {
		got = append(got, fmt.Sprintf("%s %s %d %v", b.Server, b.Method, b.Calls, b.Waited))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		d.t.Errorf("found %v, want %v", got, want)
	}
}

func TestAServerThatLeavesAMethodUnansweredIsFoundByAnothersAnswer(t *testing.T) {
	d := newDiary(t)
	d.answered("b", "M", ms)
	d.unanswered("a", "M", 2*time.Second, 0)
	d.answered("b", "M", ms)
	d.answered("a", "N", ms) // it serves otherwise
	d.unanswered("a", "M", 2*time.Second, 0)
	d.answered("b", "N", ms)
	d.answered("b", "M", ms, "a M 2 4s")
	d.answered("b", "M", ms) // once
	if d.log != nil {
		t.Error("what was found is remembered")
	}
}

func TestCallersThatGiveUpSoonFindItToo(t *testing.T) {
	d := newDiary(t)
	for range 4 {
		if d.log.Avoids(d.now, "a", "M") {
			t.Fatal("avoided too soon")
		}
		d.unanswered("a", "M", 500*ms, 0)
	}
	if !d.log.Avoids(d.now, "a", "M") || d.log.Avoids(d.now, "a", "N") || d.log.Avoids(d.now, "b", "M") {
		t.Fatal("the next call is not sent elsewhere")
	}
	d.answered("b", "M", ms, "a M 4 2s")
}

func TestOneThatWaitedLongHasTheNextCallGoElsewhereFirst(t *testing.T) {
	d := newDiary(t)
	d.unanswered("a", "M", 1250*ms, 0)
	if d.log.Avoids(d.now, "a", "M") {
		t.Fatal("avoided although nothing shows that another server does better")
	}
	d.answered("b", "M", ms)
	d.now = d.now.Add(20 * time.Second)
	if !d.log.Avoids(d.now, "a", "M") || d.log.Avoids(d.now, "a", "N") {
		t.Fatal("the next one waits at the same server")
	}
	d.answered("b", "M", ms)
	d.now = d.now.Add(41 * time.Second)
	if d.log.Avoids(d.now, "a", "M") {
		t.Error("avoided for ever")
	}
	d.unanswered("a", "M", 1250*ms, 0)
	d.answered("b", "M", ms, "a M 2 2.5s")
}

func TestWhatProvesNothing(t *testing.T) {
	for name, story := range map[string]func(d *diary){
		"a server that stands still for a second, and many wait": func(d *diary) {
			began := d.now
			d.now = d.now.Add(time.Second)
			for range 100 {
				d.log = d.log.Unanswered(d.now, "a", "M", began, 0)
			}
			d.unanswered("a", "M", 900*ms, 0)
		},
		"one call, however long": func(d *diary) { d.unanswered("a", "M", time.Hour, 0) },
		"an answer in between": func(d *diary) {
			d.unanswered("a", "M", 2*time.Second, 0)
			d.answered("a", "M", 3*time.Second)
			d.unanswered("a", "M", 2*time.Second, 0)
		},
		"a method that takes that long there": func(d *diary) {
			for range 10 {
				d.unanswered("a", "M", 2*time.Second, 3*time.Second)
			}
		},
		"callers that hardly wait": func(d *diary) {
			for range 1000 {
				d.unanswered("a", "M", 50*ms, 0)
			}
		},
		"long ago": func(d *diary) {
			for range 10 {
				d.unanswered("a", "M", 2*time.Second, 0)
			}
			d.now = d.now.Add(time.Hour)
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDiary(t)
			story(d)
			d.answered("b", "M", ms)
		})
	}
}

// A method that is slow by nature is slow everywhere.
func TestAnAnswerThatTookLongFindsNoServer(t *testing.T) {
	d := newDiary(t)
	for range 10 {
		d.unanswered("a", "M", 2*time.Second, 0)
		d.unanswered("b", "M", 2*time.Second, 0)
		d.answered("c", "M", 1500*ms)
	}
	if !d.log.Avoids(d.now, "a", "M") {
		t.Error("forgotten")
	}
	d.now = d.now.Add(time.Minute)
	if d.log.Avoids(d.now, "a", "M") {
		t.Error("avoided for ever")
	}
}

func TestTheLogIsBounded(t *testing.T) {
	d := newDiary(t)
	for i := range 1000 { // within the time that they are remembered
		d.unanswered("a", fmt.Sprint("M", i), 150*ms, 0)
	}
	if n := testing.AllocsPerRun(10, func() { d.log.Answered(d.now, "b", "other", ms) }); n != 0 {
		t.Errorf("an answer costs %v allocations", n)
	}
	d.unanswered("a", "M0", 3*time.Second, 0)
	d.answered("b", "M0", ms) // the oldest gave way
	d.unanswered("a", "M999", 3*time.Second, 0)
	d.answered("b", "M999", ms, "a M999 2 3.15s")
}

func Example() {
	var log *halfhung.Log
	now := time.Unix(0, 0)
	for range 2 {
		began := now
		now = now.Add(2 * time.Second)
		log = log.Unanswered(now, "a:4647", "Node.GetClientAllocs", began, 0)
	}
	_, behind := log.Answered(now, "b:4647", "Node.GetClientAllocs", time.Millisecond)
	fmt.Println(behind[0].Server, "left", behind[0].Calls, "calls unanswered for", behind[0].Waited)
	// Output: a:4647 left 2 calls unanswered for 4s
}
