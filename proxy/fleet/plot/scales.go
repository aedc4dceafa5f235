package plot

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/go-analyze/charts/chartdraw"
)

// scales are those of all runs, so that panels can be compared.
type scales struct {
	length  time.Duration
	clients float64
	rate    float64
	log     bool // of rates
}

// limit is how many connections a second one server is to get at most from agents that
// choose anew: proxy/internal/roster makes the time between rounds so.
const limit = 64

// logFrom is the rate from which a linear scale would hide the limit at its bottom.
const logFrom = 5 * limit

// scalesOf are the scales for runs, and whether there is anything to draw.
func scalesOf(data []columns) (s scales, ok bool) {
	s = scales{clients: 1, rate: limit * 1.25}
	for i := range data {
		c := &data[i]
		if len(c.active) == 0 || len(c.failed) < 2 {
			return s, false
		}
		s.length = max(s.length, c.length())
		for _, v := range c.stack(len(c.active)) {
			s.clients = max(s.clients, v)
		}
		for _, each := range append([][]float64{c.failed}, c.dials...) {
			for _, v := range each {
				s.rate = max(s.rate, v)
			}
		}
	}
	s.log = s.rate > logFrom
	return s, len(data) > 0
}

// x is the scale of time, in seconds, for a panel.
func (s *scales) x(box chartdraw.Box) chartdraw.Range {
	return &chartdraw.ContinuousRange{Max: s.length.Seconds(), Domain: box.Width()}
}

// y is the scale of clients for a panel.
func (s *scales) y(box chartdraw.Box) chartdraw.Range {
	return &chartdraw.ContinuousRange{Max: s.clients * 1.02, Domain: box.Height()}
}

// rates is the scale of connections a second for a panel.
func (s *scales) rates(box chartdraw.Box) chartdraw.Range {
	linear := chartdraw.ContinuousRange{Max: s.rate * 1.05, Domain: box.Height()}
	if s.log {
		return &logRange{linear}
	}
	return &linear
}

// logRange is a logarithmic scale that has a zero: that of the value and one.
type logRange struct{ chartdraw.ContinuousRange }

func (r *logRange) Translate(v float64) int {
	return int(math.Round(math.Log1p(max(v, 0)) / math.Log1p(r.Max) * float64(r.Domain)))
}

// times are the marks of the axis of time: about eight.
func (s *scales) times() []chartdraw.Tick {
	var step time.Duration
	for _, step = range []time.Duration{
		time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
		time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
	} {
		if s.length/step <= 10 {
			break
		}
	}
	step *= max(s.length/step/10, 1)
	var ticks []chartdraw.Tick
	for at := time.Duration(0); at <= s.length; at += step {
		ticks = append(ticks, chartdraw.Tick{Value: at.Seconds(), Label: s.clock(at)})
	}
	return ticks
}

// clock is a time as minutes and seconds, and as hours too in a long run.
func (s *scales) clock(d time.Duration) string {
	n := int(d / time.Second)
	if s.length >= time.Hour {
		return fmt.Sprintf("%d:%02d:%02d", n/3600, n/60%60, n%60)
	}
	return fmt.Sprintf("%d:%02d", n/60, n%60)
}

// timeUnit is what the marks of the axis of time are in.
func (s *scales) timeUnit() string {
	if s.length >= time.Hour {
		return " (h:min:s)"
	}
	return " (min:s)"
}

// even are marks from zero to most at the same distance, at most so many beside zero.
func even(most float64, many int) []chartdraw.Tick {
	step := math.Pow(10, math.Floor(math.Log10(most/float64(many))))
	for _, by := range []float64{1, 2, 2.5, 5, 10, 20} {
		if most/(step*by) <= float64(many) && (by != 2.5 || step >= 10) {
			step *= by
			break
		}
	}
	step = max(step, 1)
	var ticks []chartdraw.Tick
	for v := 0.0; v <= most; v += step {
		ticks = append(ticks, chartdraw.Tick{Value: v, Label: thousands(v)})
	}
	return ticks
}

// rateTicks are the marks of the axis of rates.
func (s *scales) rateTicks() []chartdraw.Tick {
	if !s.log {
		return even(s.rate, 4)
	}
	ticks := []chartdraw.Tick{{Label: "0"}}
	for v := 10.0; v <= s.rate; v *= 10 {
		ticks = append(ticks, chartdraw.Tick{Value: v, Label: thousands(v)})
	}
	return ticks
}

// thousands is a whole number with commas.
func thousands(v float64) string {
	text := strconv.FormatInt(int64(math.Round(v)), 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
