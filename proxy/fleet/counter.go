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

// counter counts one thing over the time of a run. It keeps one number a second and the
// peaks of all windows, also of those that begin within a second: an hour takes 60 KB.
type counter struct {
	sum  int
	secs []uint32         // by second of the run
	most [][widths]uint32 // by second: the highest sum of a window that begins in it

	ring [100]uint32 // the last 10 s, by grain
	bin  int         // the grain that was counted last
	last [widths]uint32
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
		begins := max(bin-width[w]+1, 0) / width[perSecond]
		c.most[begins][w] = max(c.most[begins][w], c.last[w])
	}
}

// advance drops what no window that ends with bin holds.
func (c *counter) advance(bin int) {
	if bin-c.bin >= len(c.ring) {
		c.ring, c.last, c.bin = [100]uint32{}, [widths]uint32{}, bin
	}
	for ; c.bin < bin; c.bin++ {
		next := c.bin + 1
		for w, grains := range width {
			if first := next - grains; first >= 0 {
				c.last[w] -= c.ring[first%len(c.ring)]
			}
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
