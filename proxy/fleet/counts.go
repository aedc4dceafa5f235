package fleet

import (
	"slices"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet/internal/count"
)

// never is later than any run ends.
const never = time.Duration(1<<63 - 1)

// ratio is n by m; 0 if m is.
func ratio(n, m int) float64 {
	if m == 0 {
		return 0
	}
	return float64(n) / float64(m)
}

// sum is that of all servers from a time on.
func (c *counts) sum(of func(*bins) *count.Counter, after time.Duration) float64 {
	sum := 0
	for i := range c.servers {
		sum += of(&c.servers[i]).From(after)
	}
	return float64(sum)
}

// peak is the highest sum of a window that begins after a time.
func (c *counts) peak(of *count.Counter, width int, after time.Duration) float64 {
	most, _ := of.Peak(width, after, c.run)
	return float64(most)
}

// peaks are the highest ones that any server had.
func (c *counts) peaks(of func(*bins) *count.Counter) Peaks {
	var all Peaks
	for i := range c.servers {
		one := peaksOf(of(&c.servers[i]))
		if one.Second > all.Second {
			all.At = one.At
		}
		all.Tenth, all.Second, all.Ten = max(all.Tenth, one.Tenth), max(all.Second, one.Second), max(all.Ten, one.Ten)
	}
	return all
}

// peaksOf are those of one counter.
func peaksOf(c *count.Counter) Peaks {
	var all Peaks
	var at time.Duration
	all.Tenth, _ = c.Peak(count.PerTenth, 0, never)
	all.Second, at = c.Peak(count.PerSecond, 0, never)
	all.Ten, _ = c.Peak(count.PerTen, 0, never)
	all.At = Duration(at)
	return all
}

// roundsASecond is the rounds from a time on, a second and a server.
func (c *counts) roundsASecond(after time.Duration) float64 {
	if after >= c.run {
		return 0
	}
	return float64(c.roundBins.From(after)) / (c.run - after).Seconds() / float64(len(c.servers))
}

// worst is the worst imbalance from a time on.
func (c *counts) worst(after time.Duration) float64 {
	worst := 0.0
	for i := range c.samples {
		if s := &c.samples[i]; s.at >= after {
			worst = max(worst, s.imbalance())
		}
	}
	return worst
}

// outagesFrom is the outages that began from a time on, sorted.
func (c *counts) outagesFrom(after time.Duration) []time.Duration {
	all := make([]time.Duration, 0, len(c.outages))
	for _, o := range c.outages {
		if after <= 0 || o.from >= after {
			all = append(all, o.took)
		}
	}
	slices.Sort(all)
	return all
}

// worstTen is the attempts by the calls of the worst 10 s that begin with a second from a
// time on. Where hardly a call begins, it is as if as many did as do on average: what is
// sent again belongs to calls of before.
func (c *counts) worstTen(after time.Duration) float64 {
	const ten = 10 * time.Second
	mean := float64(c.calls.Sum()) * ten.Seconds() / c.run.Seconds()
	worst := 0.0
	for at := after.Truncate(time.Second); at < c.run; at += time.Second {
		calls := max(float64(c.calls.Between(at, at+ten)), mean)
		if calls > 0 {
			worst = max(worst, float64(c.attempts.Between(at, at+ten))/calls)
		}
	}
	return worst
}
