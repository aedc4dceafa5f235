package actor_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// alarm is a Behavior whose messages set its deadline, as an offset from begin;
// a negative one clears it.
type alarm struct {
	begin time.Time
	due   time.Time
	rang  []time.Duration // when Expire was called, from begin
	again time.Duration   // after a ring, ring again after this long; zero: not
}

func (a *alarm) Step(_ time.Time, at time.Duration) {
	a.due = time.Time{}
	if at >= 0 {
		a.due = a.begin.Add(at)
	}
}

func (a *alarm) Expire(now time.Time) {
	a.rang = append(a.rang, now.Sub(a.begin))
	a.due = time.Time{}
	if a.again > 0 {
		a.due = now.Add(a.again)
	}
}

func (a *alarm) Deadline() time.Time { return a.due }
func (a *alarm) Stop(error)          {}

// ring sends each set at its time, waits until a minute is over and reports when
// the alarm rang.
func ring(t *testing.T, a *alarm, sets ...[2]time.Duration) []time.Duration {
	t.Helper()
	a.begin = time.Now()
	run := play[time.Duration](4, script[time.Duration]{
		step: a.Step, expire: a.Expire, deadline: a.Deadline, stop: a.Stop,
	})
	for _, s := range sets {
		time.Sleep(time.Until(a.begin.Add(s[0])))
		wantErr(t, run.Tell(t.Context(), s[1]), nil)
		synctest.Wait()
	}
	time.Sleep(time.Until(a.begin.Add(time.Minute)))
	synctest.Wait()
	wantErr(t, run.Stop(t.Context()), nil)
	return a.rang
}

func TestExpireIsCalledAtTheDeadlineToTheNanosecond(t *testing.T) {
	const s, ns = time.Second, time.Nanosecond
	type sets = [][2]time.Duration
	for name, c := range map[string]struct {
		sets sets // when, and what the deadline is set to
		want []time.Duration
	}{
		"none":                           {nil, nil},
		"once":                           {sets{{0, 5*s + ns}}, []time.Duration{5*s + ns}},
		"one nanosecond ahead":           {sets{{s, s + ns}}, []time.Duration{s + ns}},
		"already past":                   {sets{{4 * s, s}}, []time.Duration{4 * s}},
		"now":                            {sets{{s, s}}, []time.Duration{s}},
		"moved earlier":                  {sets{{0, 9 * s}, {s, 3*s + 7}}, []time.Duration{3*s + 7}},
		"moved later":                    {sets{{0, 3 * s}, {s, 9*s + 1}}, []time.Duration{9*s + 1}},
		"moved later at the last moment": {sets{{0, 3 * s}, {3*s - ns, 9 * s}}, []time.Duration{9 * s}},
		"cleared":                        {sets{{0, 3 * s}, {s, -1}}, nil},
		"cleared and set":                {sets{{0, 3 * s}, {s, -1}, {2 * s, 8 * s}}, []time.Duration{8 * s}},
		"cleared and set to the same":    {sets{{0, 3 * s}, {s, -1}, {2 * s, 3 * s}}, []time.Duration{3 * s}},
		"set to the same":                {sets{{0, 3 * s}, {s, 3 * s}}, []time.Duration{3 * s}},
		"twice":                          {sets{{0, 3 * s}, {4 * s, 6 * s}}, []time.Duration{3 * s, 6 * s}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := ring(t, new(alarm), c.sets...); !slices.Equal(got, c.want) {
					t.Errorf("rang at %v, want %v", got, c.want)
				}
			})
		})
	}
}

func TestADeadlineSetInExpireIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := ring(t, &alarm{again: 20*time.Second + 1}, [2]time.Duration{0, time.Second})
		want := []time.Duration{time.Second, 21*time.Second + 1, 41*time.Second + 2}
		if !slices.Equal(got, want) {
			t.Errorf("rang at %v, want %v", got, want)
		}
	})
}

// The tick is due while the actor is in a step that moves the deadline: it must
// not be heard afterwards.
func TestATickThatCameDueDuringAStepThatMovedTheDeadlineIsNotHeard(t *testing.T) {
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			a := &alarm{begin: time.Now()}
			a.due = a.begin.Add(time.Second)
			run := play[time.Duration](1, script[time.Duration]{
				step: func(now time.Time, at time.Duration) {
					time.Sleep(2 * time.Second) // the tick comes due here
					a.Step(now, at)
				},
				expire: a.Expire, deadline: a.Deadline,
			})
			wantErr(t, run.Tell(t.Context(), 10*time.Second), nil)
			time.Sleep(time.Minute)
			synctest.Wait()
			wantErr(t, run.Stop(t.Context()), nil)
			if want := []time.Duration{10 * time.Second}; !slices.Equal(a.rang, want) {
				t.Fatalf("rang at %v, want %v", a.rang, want)
			}
		})
	}
}

// A deadline that Expire leaves where it was is served again, not lost.
func TestADeadlineThatExpireLeavesInPlaceIsServedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		due, calls := time.Now().Add(time.Second), 0
		run := play(1, script[int]{
			expire: func(time.Time) {
				if calls++; calls == 3 {
					due = time.Time{}
				}
			},
			deadline: func() time.Time { return due },
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		wantErr(t, run.Stop(t.Context()), nil)
		if calls != 3 {
			t.Fatalf("Expire was called %d times, want 3", calls)
		}
	})
}

func TestWithoutADeadlineExpireIsNeverCalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := play(1, script[int]{expire: func(time.Time) { t.Error("Expire was called") }})
		for range 3 {
			time.Sleep(24 * time.Hour)
			wantErr(t, run.Tell(t.Context(), 1), nil)
		}
		synctest.Wait()
		wantErr(t, run.Stop(t.Context()), nil)
	})
}

func TestStepGetsTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var at time.Duration
		run := play(1, script[int]{step: func(now time.Time, _ int) { at = now.Sub(begin) }})
		time.Sleep(1234 * time.Millisecond)
		wantErr(t, run.Tell(t.Context(), 1), nil)
		synctest.Wait()
		wantErr(t, run.Stop(t.Context()), nil)
		if at != 1234*time.Millisecond {
			t.Fatalf("Step was given %v, want 1.234s", at)
		}
	})
}
