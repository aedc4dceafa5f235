package actor_test

import (
	"context"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/actor"
)

const benchMailbox = 64

// What an actor costs over a bare channel with a goroutine at its end: compare
// BenchmarkTell with BenchmarkBareChannel, BenchmarkAsk with
// BenchmarkBareChannelAsk. The actors that have a deadline before them move it
// with every message.
func BenchmarkTell(b *testing.B) { tell(b, func() time.Time { return time.Time{} }) }

func BenchmarkTellBeforeADeadline(b *testing.B) { tell(b, anHourAfter(time.Now())) }

func tell(b *testing.B, deadline func() time.Time) {
	sum := 0
	a := play(benchMailbox, script[int]{step: func(_ time.Time, m int) { sum += m }, deadline: deadline})
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if err := a.Tell(ctx, 1); err != nil {
			b.Fatal(err)
		}
	}
	if err := a.Stop(ctx); err != nil {
		b.Fatal(err)
	}
}

// anHourAfter is a deadline that is never the same twice.
func anHourAfter(now time.Time) func() time.Time {
	due := now.Add(time.Hour)
	return func() time.Time { due = due.Add(1); return due }
}

func BenchmarkBareChannel(b *testing.B) {
	ch, done := make(chan int, benchMailbox), make(chan struct{})
	sum := 0
	go func() {
		defer close(done)
		for m := range ch {
			sum += m
		}
	}()
	b.ReportAllocs()
	for b.Loop() {
		ch <- 1
	}
	close(ch)
	<-done
}

func BenchmarkAsk(b *testing.B) { askAll(b, func() time.Time { return time.Time{} }) }

func BenchmarkAskBeforeADeadline(b *testing.B) { askAll(b, anHourAfter(time.Now())) }

func askAll(b *testing.B, deadline func() time.Time) {
	a := play(benchMailbox, script[question]{
		step: func(_ time.Time, q question) { q.reply.Send(q.n) }, deadline: deadline,
	})
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := actor.Ask(ctx, a.Ref, ask(1)); err != nil {
			b.Fatal(err)
		}
	}
	if err := a.Stop(ctx); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkBareChannelAsk(b *testing.B) {
	type request struct {
		n     int
		reply chan int
	}
	ch, done := make(chan request, benchMailbox), make(chan struct{})
	go func() {
		defer close(done)
		for r := range ch {
			r.reply <- r.n
		}
	}()
	b.ReportAllocs()
	for b.Loop() {
		r := request{n: 1, reply: make(chan int, 1)}
		ch <- r
		<-r.reply
	}
	close(ch)
	<-done
}
