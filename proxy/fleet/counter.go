package fleet

import "time"

// grain is the shortest time that is counted apart.
const grain = 100 * time.Millisecond

// The widths of the windows whose peaks are kept, in grains.
const (
	perTenth = iota // 100 ms
	perSecond
	perTen // 10 s
	widths
)

var width = [widths]int{perTenth: 1, perSecond: 10, perTen: 100}

// counter counts one thing over the time of a run. It keeps a number for each second, and
// the peaks of the windows that begin in it, which are one for each grain: an hour takes
// about 60 KB.
type counter struct {
	sum  int
	secs []uint32         // by second of the run
	most [][widths]uint32 // by second: the highest sum of a window that begins in it

	ring [100]uint32    // the last 10 s, by grain
	bin  int            // the grain that was counted last
	last [widths]uint32 // the sums of the windows that end with it
}

// add counts one at a time of the run, which is not before the one that was counted last.
func (c *counter) add(at time.Duration) {
	bin := int(at / grain)
	for second := bin / width[perSecond]; len(c.secs) <= second; {
		c.secs = append(c.secs, 0)
		c.most = append(c.most, [widths]uint32{})
	}
	c.advance(bin)
	c.sum++
	c.secs[bin/width[perSecond]]++
	c.ring[bin%len(c.ring)]++
	for w := range c.last {
		c.last[w]++
	}
}

// advance ends the windows that end before bin.
func (c *counter) advance(bin int) {
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
			if second := first / width[perSecond]; second < len(c.most) {
				c.most[second][w] = max(c.most[second][w], c.last[w])
			}
			c.last[w] -= c.ring[first%len(c.ring)]
		}
		c.ring[next%len(c.ring)] = 0
	}
}

// from is the sum from a time on, in whole seconds.
func (c *counter) from(at time.Duration) int {
	return c.between(at, time.Duration(len(c.secs))*time.Second)
}

// between is the sum of the seconds in [from, to).
func (c *counter) between(from, to time.Duration) int {
	sum := 0
	for _, n := range c.secs[c.second(from):c.second(to)] {
		sum += int(n)
	}
	return sum
}

// peak is the highest sum of a window that begins in [from, to), and the second in which
// it does.
func (c *counter) peak(w int, from, to time.Duration) (most int, at time.Duration) {
	rest := *c // windows that are not over count with what they have
	rest.advance(c.bin + len(c.ring))
	first := c.second(from)
	for i, of := range c.most[first:max(c.second(to), first)] {
		if n := int(of[w]); n > most {
			most, at = n, time.Duration(first+i)*time.Second
		}
	}
	return most, at
}

// second is the index of the second that a time is in, at most one beyond the last.
func (c *counter) second(at time.Duration) int {
	return min(int(max(at, 0)/time.Second), len(c.secs))
}
