package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/testutil"
)

// newPage is a page whose cluster has executed what is given.
func newPage(executed map[string]int) *page {
	now := time.Now()
	return &page{
		journal: newJournal(), begun: now, last: now,
		forget: func(ids ...string) map[string]int {
			counts := map[string]int{}
			for _, id := range ids {
				if n := executed[id]; n > 0 {
					counts[id] = n
					delete(executed, id)
				}
			}
			return counts
		},
	}
}

func failed(o pool.Outcome, cause error) error {
	return fmt.Errorf("wrapped: %w", &proxy.CallError{Method: "Echo.Count", Server: "s", Outcome: o, Err: cause})
}

func TestACallIsComparedWithItsExecutions(t *testing.T) {
	const fine = breachKinds
	unread := &pool.DecodeError{Reply: "x", Err: errors.New("no")}
	for _, c := range []struct {
		group    group
		err      error
		executed int
		want     breach
	}{
		{atMostOnce, nil, 1, fine},
		{atMostOnce, nil, 0, mislabelled},
		{atMostOnce, nil, 2, duplicated},
		{atMostOnce, failed(pool.MaybeExecuted, context.Canceled), 0, fine},
		{atMostOnce, failed(pool.MaybeExecuted, context.Canceled), 1, fine},
		{atMostOnce, failed(pool.MaybeExecuted, context.Canceled), 2, duplicated},
		{count, failed(pool.MaybeExecuted, proxy.ErrBreaksServers), 2, fine},
		{count, failed(pool.NotSent, proxy.ErrBreaksServers), 0, lost},
		{atMostOnce, failed(pool.NotSent, context.Canceled), 0, fine},
		{atMostOnce, failed(pool.NotSent, context.Canceled), 1, mislabelled},
		{atMostOnce, failed(pool.Rejected, pool.ErrNoLeader), 0, fine},
		{atMostOnce, failed(pool.Rejected, pool.ErrNoLeader), 1, mislabelled},
		{atMostOnce, failed(pool.MaybeExecuted, unread), 1, fine},
		{atMostOnce, failed(pool.MaybeExecuted, unread), 0, mislabelled},
		{atMostOnce, failed(pool.NotSent, unread), 1, mislabelled},
		{atMostOnce, context.Canceled, 1, mislabelled},
		{count, nil, 1, fine},
		{count, nil, 3, fine},
		{count, nil, 0, mislabelled},
		{count, failed(pool.NotSent, context.Canceled), 0, lost},
		{count, failed(pool.MaybeExecuted, unread), 1, fine},
		{count, &corruptError{}, 1, corrupted},
	} {
		p := newPage(map[string]int{"id": c.executed})
		p.enter(ending{group: c.group, id: "id", begin: p.begun, end: p.begun, err: c.err})
		p.compare(p.begun.Add(perBatch))
		if c.want == fine {
			if n := p.breaches.total(); n != 0 {
				t.Errorf("%v executed %d times, %v: %v", c.group, c.executed, c.err, p.breaches.texts)
			}
			continue
		}
		if p.breaches.counts[c.want] == 0 {
			t.Errorf("%v executed %d times, %v: %v, want it %v", c.group, c.executed, c.err, p.breaches.texts, c.want)
		}
	}
}

func TestABatchIsComparedWhenItsQuarantineIsOverAndForgotten(t *testing.T) {
	executed := map[string]int{}
	p := newPage(executed)
	for i := range 40 {
		id, at := fmt.Sprint(i), p.begun.Add(time.Duration(i)*perBatch/4)
		executed[id] = 1
		p.enter(ending{group: atMostOnce, id: id, begin: at, end: at})
	}
	if p.compare(p.begun.Add(perBatch - 1)); len(executed) != 40 || len(p.batches) != 10 {
		t.Fatalf("%d executions and %d batches are left: a batch was compared too soon", len(executed), len(p.batches))
	}
	if p.compare(p.begun.Add(5 * perBatch)); len(executed) != 20 || len(p.batches) != 5 {
		t.Fatalf("%d executions and %d batches are left, want half", len(executed), len(p.batches))
	}
	p.compare(p.begun.Add(10 * perBatch))
	if len(executed) != 0 || len(p.batches) != 0 || p.breaches.total() != 0 {
		t.Fatalf("left %v and %d batches, %v", maps.Collect(maps.All(executed)), len(p.batches), p.breaches.texts)
	}
}

func TestAnExecutionAfterItsCallWasForgottenIsABreach(t *testing.T) {
	p := newPage(nil)
	p.enter(ending{group: atMostOnce, id: "known", begin: p.begun, end: p.begun})
	p.strays(p.forgotten(map[string]int{"late": 1, "known": 1}))
	if p.breaches.counts[duplicated] != 1 || !strings.Contains(p.breaches.texts[0], "late") {
		t.Errorf("%v", p.breaches.texts)
	}
}

func TestTheFirstFewBreachesOfASortAreReportedWithTheFaultsMeanwhile(t *testing.T) {
	p := newPage(nil)
	p.journal.began(event{kind: mute}, "10.0.0.1:4647")
	now := time.Now()
	for range 3 * explained {
		p.enter(ending{group: echo, begin: now, end: now.Add(callTimeout + overstay + 1), err: failed(pool.NotSent, errors.New("why"))})
	}
	p.judge(now.Add(time.Hour))
	if p.breaches.counts[lost] != 3*explained || p.breaches.counts[overstayed] != 3*explained || len(p.breaches.texts) != 2*explained {
		t.Fatalf("%d reported of %v", len(p.breaches.texts), p.breaches.counts)
	}
	for _, text := range p.breaches.texts {
		if !strings.Contains(text, "why") || !strings.Contains(text, "10.0.0.1:4647") || !strings.Contains(text, "mute") {
			t.Errorf("not reported in full: %s", text)
		}
	}
}

func TestTheTimeInWhichTheMachineDidNotRunTheSoakDoesNotCount(t *testing.T) {
	p := newPage(nil)
	at := func(d time.Duration) time.Time { return p.begun.Add(d) }
	const much = callTimeout + overstay + 3*time.Second
	p.stalled(testutil.Stall{From: at(-time.Second), To: at(time.Second)})
	p.stalled(testutil.Stall{From: at(10 * time.Second), To: at(12 * time.Second)})
	for end, want := range map[time.Duration]int{much: 0, much + 1: 1} {
		p.breaches = breaches{}
		p.enter(ending{group: atMostOnce, begin: p.begun, end: at(end), err: failed(pool.MaybeExecuted, context.Canceled)})
		p.judge(at(end - 1))
		if got := p.breaches.counts[overstayed]; got != 0 {
			t.Errorf("it was judged too soon: %v", p.breaches.texts)
		}
		p.judge(at(end))
		if got := p.breaches.counts[overstayed]; got != want {
			t.Errorf("after %v with 3 s of stalls: %v", end, p.breaches.texts)
		}
	}
	for i := range 1000 {
		p.stalled(testutil.Stall{From: at(time.Duration(i) * time.Second), To: at(time.Duration(i) * time.Second)})
	}
	if len(p.stalls) > int(stallsKept/time.Second)+1 {
		t.Errorf("%d stalls are kept", len(p.stalls))
	}
}

func TestAVisitSeesEarlierEntries(t *testing.T) {
	l := openLedger(newPage(nil).forget, newJournal())
	defer l.close()
	now := time.Now()
	for range 100 {
		l.enter(ending{group: echo, begin: now, end: now.Add(time.Minute / 2)})
	}
	l.visit(func(p *page) {
		if p.calls[echo] != (tally{Calls: 100, Succeeded: 100}) || p.worst < time.Minute/3 {
			t.Errorf("%+v, worst gap %v", p.calls[echo], p.worst)
		}
	})
}

func TestFewCallsAreGivenUpBecauseConnectionsBreakUnderThem(t *testing.T) {
	p := newPage(nil)
	for range 2 {
		p.enter(ending{group: count, begin: time.Now(), end: time.Now(), err: failed(pool.MaybeExecuted, proxy.ErrBreaksServers)})
	}
	if n := p.breaches.total(); n != 0 {
		t.Errorf("%d breaches by two of them", n)
	}
	p.enter(ending{group: count, begin: time.Now(), end: time.Now(), err: failed(pool.MaybeExecuted, proxy.ErrBreaksServers)})
	if p.breaches.counts[lost] != 1 {
		t.Errorf("a third one is not lost: %v", p.breaches.counts)
	}
}
