package credentials

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// repliedNo is a cluster that refuses until it has done so often enough, and when.
type repliedNo struct {
	begin time.Time
	left  int
	at    []time.Duration
}

func (r *repliedNo) try(ctx context.Context, _ *Credentials) Trial {
	r.at = append(r.at, time.Since(r.begin))
	if r.left--; r.left < 0 {
		return Trial{Taken: true}
	}
	return Trial{Refused: errors.New("no")}
}

// runOffer runs an offer of something until it is taken, or ctx ends.
func runOffer(t *testing.T, r *repliedNo) (o *Offering, taken <-chan bool) {
	t.Helper()
	r.begin = time.Now()
	o = Offer(nil, nil, 0, r.try)
	done := make(chan bool, 1)
	go func() { done <- o.Run(t.Context()) }()
	return o, done
}

func TestOffersComeLessAndLessOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &repliedNo{left: 12}
		if _, taken := runOffer(t, r); !<-taken {
			t.Fatal("not taken")
		}
		if len(r.at) != 13 || r.at[0] != 0 {
			t.Fatalf("%v", r.at)
		}
		jittered := false
		for i, base := range []time.Duration{5, 10, 20, 40, 80, 160, 240, 240, 240, 240, 240, 240} {
			base *= time.Second
			pause := r.at[i+1] - r.at[i]
			if pause < base || pause >= base+base/4 {
				t.Errorf("pause %d is %v, want %v and up to a quarter", i, pause, base)
			}
			jittered = jittered || pause != base
		}
		if !jittered {
			t.Error("all agents would come at once")
		}
	})
}

func TestAnEventBringsAnOfferForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &repliedNo{left: 1000}
		o, _ := runOffer(t, r)
		time.Sleep(20 * time.Minute) // the pace is the slowest then
		synctest.Wait()
		if time.Since(r.begin)-r.at[len(r.at)-1] < 2*offerSoon {
			time.Sleep(2 * offerSoon) // right behind an offer an event has to wait; the next one is minutes away
			synctest.Wait()
		}
		before, now := len(r.at), time.Since(r.begin)
		o.Event()
		synctest.Wait()
		if len(r.at) != before+1 || r.at[before] != now {
			t.Fatalf("%v, and the event was at %v", r.at, now)
		}
		for range 10_000 { // a storm of them brings one each second or so
			o.Event()
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		if n := len(r.at) - before - 1; n < 5 || n > 20 {
			t.Errorf("%d offers in 10 s", n)
		}
		for i := before + 1; i < len(r.at); i++ {
			if pause := r.at[i] - r.at[i-1]; pause < offerSoon/2 || pause > 2*offerSoon {
				t.Errorf("%v between two", pause)
			}
		}
	})
}

func TestWithoutAnOfferEventsBringNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &repliedNo{}
		o, taken := runOffer(t, r)
		if !<-taken {
			t.Fatal("not taken")
		}
		o.pending.Store(false)
		o.Event()
		if len(o.events) != 0 {
			t.Error("it is reported")
		}
		(*Offering)(nil).Event()
	})
}
