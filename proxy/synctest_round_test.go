package proxy_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
)

// probe is one probe that was made: of whom, and when since the test began.
type probe struct {
	addr       string
	begun, end time.Duration
}

// probes is a Pinger that notes what it is asked and answers with answer.
type probes struct {
	began  time.Time
	made   chan probe // what has ended, in the order of the ends
	answer func(ctx context.Context, addr string) error
}

func newProbes(answer func(ctx context.Context, addr string) error) *probes {
	return &probes{began: time.Now(), made: make(chan probe, 10_000), answer: answer}
}

func (p *probes) Ping(ctx context.Context, addr string) (time.Duration, error) {
	begun := time.Since(p.began)
	err := p.answer(ctx, addr)
	p.made <- probe{addr, begun, time.Since(p.began)}
	return time.Since(p.began) - begun, err
}

// sorted takes what was made so far, in the order of the beginnings.
func (p *probes) sorted() (all []probe) {
	for len(p.made) > 0 {
		all = append(all, <-p.made)
	}
	slices.SortFunc(all, func(a, b probe) int { return cmp.Compare(a.begun, b.begun) })
	return all
}

// silent answers when the probe is given up.
func silent(ctx context.Context, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

func alive(context.Context, string) error { return nil }

// names are n names of servers.
func names(n int) (all []string) {
	for i := range n {
		all = append(all, string(rune('a'+i)))
	}
	return all
}

// roundsOf tells when rounds began in the time given, each of one probe that
// takes no time.
func roundsOf(t *testing.T, cfg proxy.Config, run time.Duration, nodes int) (at []time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		pings := newProbes(alive)
		cfg.Pinger = pings
		p := startProxy(t, cfg)
		if nodes > 0 {
			u := messages.HeartbeatUpdate{Servers: infos(cfg.Servers...), NumNodes: nodes, LeaderRPCAddr: "a"}
			if err := p.Heartbeat(t.Context(), u); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(run)
		for _, made := range pings.sorted() {
			at = append(at, made.begun)
		}
		stop(t, p.Stop)
	})
	return at
}

// gaps are the times between rounds, the start counted as one.
func gaps(at []time.Duration) (all []time.Duration) {
	last := time.Duration(0)
	for _, now := range at {
		all = append(all, now-last)
		last = now
	}
	return all
}

func TestARoundComesAtLeastEveryThreeMinutesAndNotWithinTwo(t *testing.T) {
	var firsts []time.Duration
	for seed := range uint64(8) {
		cfg := proxy.Config{Servers: names(3), Seed: seed + 1}
		at := roundsOf(t, cfg, time.Hour, 0)
		if len(at) < 20 || len(at) > 30 {
			t.Errorf("seed %d: %d rounds in an hour", seed+1, len(at))
		}
		for i, gap := range gaps(at) {
			if gap < 120*time.Second || gap >= 180*time.Second {
				t.Errorf("seed %d: round %d came after %v, want 120s to 180s", seed+1, i, gap)
			}
		}
		if again := roundsOf(t, cfg, time.Hour, 0); !slices.Equal(again, at) {
			t.Errorf("seed %d: the rounds were at %v and then at %v", seed+1, at, again)
		}
		firsts = append(firsts, at[0])
	}
	if slices.Sort(firsts); firsts[7]-firsts[0] < 10*time.Second {
		t.Errorf("eight seeds begin within %v: %v", firsts[7]-firsts[0], firsts)
	}
}

func TestALargeFleetWaitsLonger(t *testing.T) {
	const nodes, servers = 1_000_000, 2
	least := nodes * time.Second / (64 * servers) // 7812.5 s
	at := roundsOf(t, proxy.Config{Servers: names(servers)}, 24*time.Hour, nodes)
	for i, gap := range gaps(at) {
		if gap < least && i > 0 || gap >= least+least/32 { // the first comes at any time of its interval
			t.Errorf("round %d came after %v, want %v to %v", i, gap, least, least+least/32)
		}
	}
	if len(at) < 10 || len(at) > 12 {
		t.Errorf("%d rounds in a day", len(at))
	}
}

func TestTheTimeBetweenRoundsCanBeConfigured(t *testing.T) {
	cfg := proxy.Config{Servers: names(3), Rebalance: proxy.Timing{MinInterval: time.Second, ConnsPerServerSecond: 1}}
	for _, gap := range gaps(roundsOf(t, cfg, time.Minute, 0)) {
		if gap < time.Second || gap >= 1500*time.Millisecond {
			t.Errorf("a round came after %v, want 1s to 1.5s", gap)
		}
	}
	for i, gap := range gaps(roundsOf(t, cfg, time.Hour, 300)) { // 100 s by the servers' share
		if gap < 100*time.Second && i > 0 || gap >= 103125*time.Millisecond {
			t.Errorf("round %d came after %v, want 100s to 103.125s", i, gap)
		}
	}
}

func TestSilentServersAreProbedAQuarterOfASecondApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pings := newProbes(silent)
		p := startProxy(t, proxy.Config{Servers: names(4), Pinger: pings})
		before := p.ServerRPCAddrs()
		result, err := p.Rebalance(t.Context())
		if err != nil || result.Adopted || result.Took != 3*time.Second || result.Probed != 4 {
			t.Fatalf("%+v, %v", result, err)
		}
		synctest.Wait()
		all := pings.sorted()
		if len(all) != 4 {
			t.Errorf("%d of 4 probes have ended with the round", len(all))
		}
		for i, made := range all {
			if want := time.Duration(i) * 250 * time.Millisecond; made.begun != want || made.end != 3*time.Second {
				t.Errorf("probe %d began after %v and ended after %v, want %v and 3s", i, made.begun, made.end, want)
			}
		}
		shown(t, p, before...)
		stop(t, p.Stop)
	})
}

func TestTheStaggerShrinksSoThatManyServersFitIntoARound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pings := newProbes(silent)
		p := startProxy(t, proxy.Config{Servers: names(16), Pinger: pings})
		result, err := p.Rebalance(t.Context())
		if err != nil || result.Took != 3*time.Second || result.Probed != 16 {
			t.Fatalf("%+v, %v", result, err)
		}
		synctest.Wait()
		all := pings.sorted()
		if last := all[len(all)-1]; len(all) != 16 || last.begun != 15*93750*time.Microsecond {
			t.Errorf("%d probes, the last after %v; want 16 over half of the round", len(all), last.begun)
		}
		stop(t, p.Stop)
	})
}

// A heartbeat may name a thousand addresses, of which one is a server.
func TestTheOnlyServerOfALongListIsFoundByRoundsOfAFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const servers = 300
		all := make([]string, servers)
		for i := range all {
			all[i] = fmt.Sprintf("s%d", i)
		}
		good := server(t, "s177")
		pings := newProbes(func(ctx context.Context, addr string) error {
			if addr != good.Addr {
				return silent(ctx, addr)
			}
			return nil
		})
		p := startProxy(t, proxy.Config{Servers: all, Pinger: pings})
		defer stop(t, p.Stop)
		asked := map[string]int{}
		for range servers/15 + 1 {
			result, err := p.Rebalance(t.Context())
			if err != nil || result.Probed > 16 {
				t.Fatalf("%+v, %v", result, err)
			}
			synctest.Wait()
			for _, made := range pings.sorted() {
				if asked[made.addr]++; asked[made.addr] > 1 {
					t.Fatalf("%s is asked again, and %d of %d servers have been", made.addr, len(asked), servers)
				}
			}
			if result.Adopted {
				if result.Active != good {
					t.Errorf("adopted %s", result.Active)
				}
				return
			}
		}
		t.Errorf("it was not found by %d rounds, which asked %d of %d servers", servers/15+1, len(asked), servers)
	})
}

func TestTheFirstToAnswerEndsTheRoundAndTheOtherProbes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(ctx context.Context, addr string) error {
			if addr != "x:4647" {
				return silent(ctx, addr)
			}
			time.Sleep(100 * time.Millisecond)
			return nil
		}
		pings := newProbes(slow)
		p := startProxy(t, proxy.Config{Servers: names(3), Pinger: pings})
		if err := p.SetBackups(t.Context(), "x"); err != nil { // asked last
			t.Fatal(err)
		}
		result, err := p.Rebalance(t.Context())
		if err != nil || !result.Adopted || result.Took != 850*time.Millisecond || result.Active != server(t, "x") {
			t.Fatalf("%+v, %v", result, err)
		}
		synctest.Wait()
		all := pings.sorted()
		if len(all) != 4 {
			t.Errorf("%d of 4 probes have ended with the round", len(all))
		}
		for _, made := range all {
			if made.end != 850*time.Millisecond {
				t.Errorf("the probe of %s went on until %v", made.addr, made.end)
			}
		}
		stop(t, p.Stop)
	})
}
