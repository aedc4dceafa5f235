package plot

import "github.com/go-analyze/charts/chartdraw"

// run draws one run: its name, the texts of events, and two panels.
func (s *sheet) run(name string, c columns) {
	s.y += nameSize
	s.write(margin, s.y, name, text(ink, nameSize))
	s.caption(margin+s.wide(name, text(ink, nameSize))+14, "active clients, by server")
	s.y += 10
	texts := s.y
	s.y += s.rows * rowHigh
	clients := s.panel(clientsHigh)
	s.areas(clients, c)
	s.y += captionHigh - 8
	caption := "connections a second, by server"
	if s.log {
		caption += " (logarithmic)"
	}
	s.caption(left, caption)
	s.y += 8
	rates := s.panel(ratesHigh)
	s.lines(rates, c)
	s.events(texts, clients, rates)
	s.y += axisHigh + 12
	const what = "time since the beginning"
	s.caption((left+width-right-s.wide(what, text(pale, textSize)))/2, what+s.timeUnit())
	s.y += runGap - 12
}

// caption writes a text in the present line.
func (s *sheet) caption(x int, what string) { s.write(x, s.y, what, text(pale, textSize)) }

// panel takes the next part of the sheet.
func (s *sheet) panel(high int) chartdraw.Box {
	box := chartdraw.Box{Left: left, Top: s.y, Right: width - right, Bottom: s.y + high, IsSet: true}
	s.y = box.Bottom
	return box
}

// axes draws those of a panel, and its grid.
func (s *sheet) axes(box chartdraw.Box, y chartdraw.Range, marks []chartdraw.Tick, times []chartdraw.Tick) {
	for _, mark := range marks {
		chartdraw.GridLine{Value: mark.Value}.Render(s.Renderer, box, y, false, line(grid.light, 1))
	}
	s.ResetStyle()
	style := text(pale, textSize)
	style.StrokeColor, style.StrokeWidth = axis.light, 1
	chartdraw.YAxis{AxisType: chartdraw.YAxisSecondary, GridMajorStyle: chartdraw.Hidden(), GridMinorStyle: chartdraw.Hidden(), Zero: chartdraw.GridLine{Style: chartdraw.Hidden()}}.
		Render(s.Renderer, box, y, style, marks)
	chartdraw.XAxis{GridMajorStyle: chartdraw.Hidden(), GridMinorStyle: chartdraw.Hidden()}.Render(s.Renderer, box, s.x(box), style, times)
	s.ResetStyle()
}

// areas draws the active clients of each server on top of those of the servers before it.
func (s *sheet) areas(box chartdraw.Box, c columns) {
	y := s.scales.y(box)
	s.axes(box, y, even(s.clients, 4), nil)
	below := c.stack(0)
	for n := range c.active {
		above := c.stack(n + 1)
		style := chartdraw.Style{FillColor: palette[n%len(palette)]}
		if len(c.active) <= 2*len(palette) { // more would be more line than area
			style.StrokeColor, style.StrokeWidth = ground.light, .75
		}
		chartdraw.Draw.BoundedSeries(s.Renderer, box, s.x(box), y, style, band{c, below, above})
		s.ResetStyle()
		below = above
	}
}

// band is the area of one server.
type band struct {
	columns
	below, above []float64
}

// Len and GetBoundedValues are what the library asks.
func (b band) Len() int { return len(b.above) }

func (b band) GetBoundedValues(i int) (x, y1, y2 float64) {
	return b.step.Seconds() * float64(i), b.above[i], b.below[i]
}

// lines draws the connections that each server gets in a second, and the limit.
func (s *sheet) lines(box chartdraw.Box, c columns) {
	y := s.rates(box)
	s.axes(box, y, s.rateTicks(), s.times())
	if worst := largest(c.failed); worst > 0 {
		style := chartdraw.Style{FillColor: lost.light}
		chartdraw.Draw.BoundedSeries(s.Renderer, box, s.x(box), y, style, band{c, make([]float64, len(c.failed)), c.failed})
		s.ResetStyle()
	}
	for n, values := range c.dials {
		chartdraw.Draw.LineSeries(s.Renderer, box, s.x(box), y, line(palette[n%len(palette)], 1.25), curve{c, values})
		s.ResetStyle()
	}
	at := box.Bottom - y.Translate(limit)
	s.stroke(box.Left, at, box.Right, at, line(danger.light, 1.5, 6, 4))
}

// curve is the line of one server.
type curve struct {
	columns
	values []float64
}

// Len and GetValues are what the library asks.
func (c curve) Len() int { return len(c.values) }

func (c curve) GetValues(i int) (x, y float64) {
	return c.step.Seconds() * float64(i), c.values[i]
}

func largest(values []float64) float64 {
	most := 0.0
	for _, v := range values {
		most = max(most, v)
	}
	return most
}
