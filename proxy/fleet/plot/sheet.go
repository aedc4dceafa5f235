package plot

import (
	"github.com/go-analyze/charts/chartdraw"
	"github.com/go-analyze/charts/chartdraw/drawing"

	"github.com/open-nomad/rpcproxy/proxy/fleet"
)

// Lengths, in pixels of a document that can be drawn in any size.
const (
	width  = 1000
	left   = 68 // of panels, for the marks of their axes
	right  = 24
	margin = 20

	clientsHigh = 190 // the panel of clients
	ratesHigh   = 110 // that of connections
	captionHigh = 26  // above the second panel
	rowHigh     = 15  // of texts of events
	axisHigh    = 26  // below a panel
	runGap      = 32  // below a run
)

// Sizes of texts, in pixels.
const (
	titleSize = 19
	nameSize  = 15
	textSize  = 12
	markSize  = 11
)

// sheet draws from top to bottom.
type sheet struct {
	chartdraw.Renderer
	scales
	servers int
	marks   []fleet.Mark
	placed  []placedMark
	rows    int // of texts of events
	y       int // where the next part begins
}

// text is the style of a text.
func text(color shade, size float64) chartdraw.Style {
	return chartdraw.Style{FontStyle: chartdraw.FontStyle{FontColor: color.light, FontSize: size, Font: chartdraw.GetDefaultFont()}}
}

// line is the style of a line.
func line(color drawing.Color, thick float64, dashes ...float64) chartdraw.Style {
	return chartdraw.Style{StrokeColor: color, StrokeWidth: thick, StrokeDashArray: dashes}
}

func (s *sheet) write(x, y int, what string, style chartdraw.Style) {
	chartdraw.Draw.Text(s.Renderer, what, x, y, style)
}

// wide is how much room a text needs: the font that it is shown in may be wider than that
// which it is measured in.
func (s *sheet) wide(what string, style chartdraw.Style) int {
	return chartdraw.Draw.MeasureText(s.Renderer, what, style).Width() * 6 / 5
}

// height is that of the whole document.
func (s *sheet) height(runs int, about bool) int {
	high := margin + titleSize + 10 + s.legendRows()*legendHigh + 8
	if about {
		high += textSize + 8
	}
	return high + runs*(nameSize+10+s.rows*rowHigh+clientsHigh+captionHigh+ratesHigh+axisHigh+runGap) + margin/2
}

// paper paints the ground, which readers of a picture may not have.
func (s *sheet) paper(height int) {
	chartdraw.Draw.Box(s.Renderer, chartdraw.Box{Right: width, Bottom: height}, chartdraw.Style{FillColor: ground.light})
}

// head writes the title and the legend.
func (s *sheet) head(title, about string) {
	s.y += titleSize
	s.write(margin, s.y, title, text(ink, titleSize))
	s.y += 10
	if about != "" {
		s.y += textSize
		s.write(margin, s.y, about, text(pale, textSize))
		s.y += 8
	}
	s.legend()
}

// stroke draws a straight line.
func (s *sheet) stroke(x0, y0, x1, y1 int, style chartdraw.Style) {
	style.GetStrokeOptions().WriteDrawingOptionsToRenderer(s.Renderer)
	s.MoveTo(x0, y0)
	s.LineTo(x1, y1)
	s.Stroke()
	s.ResetStyle()
}
