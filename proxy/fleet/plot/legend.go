package plot

import (
	"strconv"

	"github.com/go-analyze/charts/chartdraw"
	"github.com/go-analyze/charts/chartdraw/drawing"
)

const (
	legendHigh = 20 // of a row
	swatch     = 14
)

// entry is one of the legend.
type entry struct {
	what string
	draw func(x, y int)
}

// legend says what the colors and lines are. With more servers than colors these repeat.
func (s *sheet) legend() {
	for i, row := range s.legendEntries() {
		x, y := margin, s.y+16+i*legendHigh
		for _, e := range row {
			e.draw(x, y)
			s.write(x+swatch+6, y, e.what, text(ink, textSize))
			x += s.entryWide(e)
		}
	}
	s.y += s.legendRows()*legendHigh + 8
}

func (s *sheet) legendRows() int { return len(s.legendEntries()) }

// legendEntries are those of the legend, in rows.
func (s *sheet) legendEntries() [][]entry {
	var all []entry
	for n := range min(s.servers, len(palette)) {
		what := strconv.Itoa(n + 1)
		if n == 0 {
			what = "server 1"
		}
		if n == len(palette)-1 && s.servers > len(palette) {
			what += ", and so on to " + strconv.Itoa(s.servers)
		}
		all = append(all, entry{what, s.swatch(palette[n])})
	}
	all = append(
		all, entry{"failed dials (the server with the most)", s.swatch(lost.light)},
		entry{"64 a second", func(x, y int) { s.stroke(x, y-4, x+swatch+2, y-4, line(danger.light, 1.5, 4, 3)) }},
	)
	rows := [][]entry{nil}
	x := margin
	for _, e := range all {
		if wide := s.entryWide(e); x+wide > width && x > margin {
			rows, x = append(rows, nil), margin
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], e)
		x += s.entryWide(e)
	}
	return rows
}

func (s *sheet) entryWide(e entry) int { return swatch + 6 + s.wide(e.what, text(ink, textSize)) + 14 }

// swatch draws a sample of a color.
func (s *sheet) swatch(color drawing.Color) func(x, y int) {
	return func(x, y int) {
		chartdraw.Draw.Box(s.Renderer, chartdraw.Box{Left: x, Top: y - 10, Right: x + swatch, Bottom: y + 1}, chartdraw.Style{FillColor: color})
	}
}
