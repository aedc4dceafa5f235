package pool_test

import (
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
)

// timed has a method that returns how long it blocks.
type timed struct{ time.Duration }

func (t timed) TimeToBlock() time.Duration { return t.Duration }

// naive takes a query without a time for one that does not block.
type naive struct {
	MinQueryIndex uint64
	timed
}

type query struct {
	NodeID string
	queryOptions
}

// Options is embedded by pointer; were it not exported, the codec would pass it over.
type Options queryOptions

type queryThrough struct{ *Options }

type queryLost struct{ *queryOptions }

type itself *itself

func TestABlockingQueryIsKnownByItsArguments(t *testing.T) {
	asked := queryOptions{MinQueryIndex: 7, MaxQueryTime: time.Minute}
	var loop itself
	loop = &loop
	for _, c := range []struct {
		args any
		want time.Duration
	}{
		{nil, 0},
		{loop, 0},
		{7, 0},
		{struct{}{}, 0},
		{struct{ MinQueryIndex string }{"7"}, 0},
		{timed{time.Minute}, time.Minute},
		{&timed{time.Minute}, time.Minute},
		{timed{time.Hour}, 5 * time.Minute},
		{timed{-time.Minute}, 0},
		{naive{MinQueryIndex: 7}, 5 * time.Minute},
		{naive{}, 0},
		{(*naive)(nil), 0},
		{(*timed)(nil), 0},
		{struct {
			Index int           `codec:"MinQueryIndex"`
			Wait  time.Duration `codec:"MaxQueryTime"`
		}{7, time.Minute}, time.Minute},
		{struct {
			MinQueryIndex int `codec:"Other"`
		}{7}, 0},
		{pool.Raw("\x81\xadMinQueryIndex\x07"), 5 * time.Minute},
		{pool.Raw("\x82\xadMinQueryIndex\x07\xacMaxQueryTime\xd2\x3b\x9a\xca\x00"), time.Second},
		{pool.Raw("\x81\xadMinQueryIndex\x00"), 0},
		{map[any]any{"MinQueryIndex": 7, "MaxQueryTime": time.Minute}, time.Minute},
		{map[string]int64{"MinQueryIndex": 7, "MaxQueryTime": int64(time.Minute)}, time.Minute},
		{asked, time.Minute},
		{query{"n", asked}, time.Minute},
		{&query{"n", asked}, time.Minute},
		{(*query)(nil), 0},
		{queryThrough{(*Options)(&asked)}, time.Minute},
		{queryLost{&asked}, 0}, // no server sees it
		{queryThrough{}, 0},
		{queryOptions{MaxQueryTime: time.Minute}, 0},
		{queryOptions{MinQueryIndex: 7}, 5 * time.Minute},
		{queryOptions{MinQueryIndex: 7, MaxQueryTime: -1}, 5 * time.Minute},
		{queryOptions{MinQueryIndex: 7, MaxQueryTime: time.Hour}, 5 * time.Minute},
		{struct{ MinQueryIndex int }{7}, 5 * time.Minute},
		{map[string]any{"MinQueryIndex": 7, "MaxQueryTime": time.Minute}, time.Minute},
		{map[string]any{"MinQueryIndex": uint64(7), "MaxQueryTime": int64(time.Second)}, time.Second},
		{map[string]any{"MinQueryIndex": 0, "MaxQueryTime": time.Minute}, 0},
		{map[string]any{"MinQueryIndex": 7, "MaxQueryTime": "a minute"}, 5 * time.Minute},
		{map[string]any{"MinQueryIndex": 7}, 5 * time.Minute},
		{map[string]any{"MaxQueryTime": time.Minute}, 0},
	} {
		if got := pool.BlockTime(c.args); got != c.want {
			t.Errorf("%#v: %v, want %v", c.args, got, c.want)
		}
	}
}

func TestToLookForABlockTimeAllocatesNothing(t *testing.T) {
	var args any = &query{NodeID: "n"}
	if n := testing.AllocsPerRun(1000, func() { pool.BlockTime(args) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkBlockTime(b *testing.B) {
	for name, args := range map[string]any{"none": struct{}{}, "struct": &query{NodeID: "n"}, "map": map[string]any{"NodeID": "n"}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				pool.BlockTime(args)
			}
		})
	}
}
