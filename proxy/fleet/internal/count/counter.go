package count

import "time"

// Grain is the shortest time that is counted apart.
const Grain = 100 * time.Millisecond

// The widths of the windows whose peaks are kept, in grains.
const (
	PerTenth = iota // 100 ms
	PerSecond
	PerTen // 10 s
	widths
)

var width = [widths]int{PerTenth: 1, PerSecond: 10, PerTen: 100}

// Counter counts one thing over the time of a run. It keeps a number for each second, and
// the peaks of the windows that begin in it, which are one for each grain: an hour takes
// about 60 KB.
type Counter struct {
	sum  int
	secs []uint32         // by second of the run
	most [][widths]uint32 // by second: the highest sum of a window that begins in it

	ring [100]uint32    // the last 10 s, by grain
	bin  int            // the grain that was counted last
	last [widths]uint32 // the sums of the windows that end with it
}

// Add counts one at a time of the run, which is not before the one that was counted last.
func (c *Counter) Add(at time.Duration) {
	bin := int(at / Grain)
	for second := bin / width[PerSecond]; len(c.secs) <= second; {
		c.secs = append(c.secs, 0)
		c.most = append(c.most, [widths]uint32{})
	}
	c.advance(bin)
	c.sum++
	c.secs[bin/width[PerSecond]]++
	c.ring[bin%len(c.ring)]++
	for w := range c.last {
		c.last[w]++
	}
}

// advance ends the windows that end before bin.
func (c *Counter) advance(bin int) {
	for steps := 0; c.bin < bin; c.bin++ {
		if steps++; steps > len(c.ring) { // nothing is left in any window
			c.bin = bin
			return
		}
		next := c.bin + 1
		for w, grains := range width {
			first := next - grains
			if first < 0 {
				continue
			}
			if second := first / width[PerSecond]; second < len(c.most) {
				c.most[second][w] = max(c.most[second][w], c.last[w])
			}
			c.last[w] -= c.ring[first%len(c.ring)]
		}
		c.ring[next%len(c.ring)] = 0
	}
}

// From is the sum from a time on, in whole seconds.
func (c *Counter) From(at time.Duration) int {
	return c.Between(at, time.Duration(len(c.secs))*time.Second)
}

// Between is the sum of the seconds in [from, to).
func (c *Counter) Between(from, to time.Duration) int {
	sum := 0
	for _, n := range c.secs[c.second(from):c.second(to)] {
		sum += int(n)
	}
	return sum
}

// Peak is the highest sum of a window that begins in [from, to), and the second in which
// it does.
func (c *Counter) Peak(w int, from, to time.Duration) (most int, at time.Duration) {
	c.look()
	first := c.second(from)
	for i, of := range c.most[first:max(c.second(to), first)] {
		if n := int(of[w]); n > most {
			most, at = n, time.Duration(first+i)*time.Second
		}
	}
	return most, at
}

// look has the windows that are not over count with what they have.
func (c *Counter) look() {
	rest := *c // it shares what is kept by second
	rest.advance(c.bin + len(c.ring))
}

// Until is the counter of what came before a time, in whole seconds. Its peaks are those of
// the windows that began before. Nothing can be added to it.
func (c *Counter) Until(end time.Duration) *Counter {
	c.look()
	n := c.second(end)
	return &Counter{sum: c.Between(0, end), secs: c.secs[:n], most: c.most[:n]}
}

// second is the index of the second that a time is in, at most one beyond the last.
func (c *Counter) second(at time.Duration) int {
	return min(int(max(at, 0)/time.Second), len(c.secs))
}

// Sum is all that was counted.
func (c *Counter) Sum() int { return c.sum }

// Steps is the counts of the first n seconds.
func (c *Counter) Steps(n int) []int {
	all := make([]int, n)
	for i, count := range c.secs[:min(n, len(c.secs))] {
		all[i] = int(count)
	}
	return all
}
