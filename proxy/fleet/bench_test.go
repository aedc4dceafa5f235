package fleet

import (
	"testing"
	"time"
)

// BenchmarkHour simulates an hour of a fleet of a million in which nothing happens, as 20,000 of
// its agents. An operation is one agent's hour.
func BenchmarkHour(b *testing.B) {
	const agents = 20_000
	b.ReportAllocs()
	for n := 0; n < b.N; n += agents {
		f := New(Config{Agents: agents, Nodes: 1_000_000, Seed: 1, Start: 6 * time.Minute, Warm: time.Second, For: time.Hour})
		f.Run()
	}
}
