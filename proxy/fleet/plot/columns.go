package plot

import (
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet"
)

// maxColumns is how many values a line has at most: one for each pixel.
const maxColumns = width - left - right

// columns is a run as it is drawn: values at the same distance, few enough to be seen.
type columns struct {
	step   time.Duration
	active [][]float64 // by server and column
	dials  [][]float64 // the same, a second: the highest of the column
	failed []float64   // a second, of the server with the most of them in the column
}

// reduce makes columns of a series. What is counted within a second becomes one rate, and
// where there are more seconds than pixels the busiest second stands for its column, so
// that no peak is lost. All values are multiplied by scale.
func reduce(s *fleet.Series, scale float64) columns {
	if s == nil || s.Step <= 0 {
		return columns{}
	}
	steps := len(s.Up)
	for _, each := range [][][]int{s.Active, s.Dials, s.Failed} {
		for _, values := range each {
			steps = min(steps, len(values))
		}
	}
	second := max(int(time.Second/s.Step), 1) // steps of a rate
	seconds := steps / second
	group := max((seconds+maxColumns-1)/maxColumns, 1) // rates of a column
	n := seconds / group
	c := columns{step: time.Duration(group*second) * s.Step, failed: make([]float64, n)}
	perSecond := scale / (time.Duration(second) * s.Step).Seconds()
	for i := range s.Active {
		active, dials := make([]float64, n), make([]float64, n)
		for x := range n {
			active[x] = float64(s.Active[i][x*group*second]) * scale
			for from := x * group * second; from < (x+1)*group*second; from += second {
				dials[x] = max(dials[x], float64(sum(s.Dials[i][from:from+second]))*perSecond)
				c.failed[x] = max(c.failed[x], float64(sum(s.Failed[i][from:from+second]))*perSecond)
			}
		}
		c.active, c.dials = append(c.active, active), append(c.dials, dials)
	}
	return c
}

func sum(values []int) int {
	n := 0
	for _, v := range values {
		n += v
	}
	return n
}

// length is how long the run is.
func (c *columns) length() time.Duration {
	return time.Duration(max(len(c.failed)-1, 0)) * c.step
}

// stack is the sum of the active clients of the servers before the nth, at each column.
func (c *columns) stack(n int) []float64 {
	below := make([]float64, len(c.failed))
	for _, values := range c.active[:n] {
		for x, v := range values {
			below[x] += v
		}
	}
	return below
}

// servers is how many servers the runs have.
func servers(data []columns) int {
	most := 0
	for i := range data {
		most = max(most, len(data[i].active))
	}
	return most
}
