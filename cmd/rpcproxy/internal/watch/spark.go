package watch

import (
	"math"
	"strings"
	"time"
)

// The characters of a sparkline: the levels, a probe without an answer, a slot without a call.
type sparks struct {
	levels    []rune
	lost, gap rune
}

var (
	blocks = sparks{levels: []rune("▁▂▃▄▅▆▇█"), lost: '×', gap: ' '}
	ascii  = sparks{levels: []rune("_.,-=+*#"), lost: 'x', gap: ' '}
)

// flat is below what a trip is drawn on the lowest level, however short the others are.
const flat = time.Millisecond

// draw is the last n trips, one character each. A trip is two levels higher when it takes
// twice as long as the shortest one kept.
func (s sparks) draw(trips []trip, n int) string {
	base := time.Duration(math.MaxInt64)
	for _, t := range trips {
		if t.took > 0 {
			base = min(base, t.took)
		}
	}
	base = max(base, flat)
	if len(trips) > n {
		trips = trips[len(trips)-n:]
	}
	var b strings.Builder
	for _, t := range trips {
		switch {
		case t.lost:
			b.WriteRune(s.lost)
		case t.took <= 0:
			b.WriteRune(s.gap)
		default:
			level := math.Round(2 * math.Log2(float64(t.took)/float64(base)))
			b.WriteRune(s.levels[int(min(max(level, 0), float64(len(s.levels)-1)))])
		}
	}
	return b.String()
}
