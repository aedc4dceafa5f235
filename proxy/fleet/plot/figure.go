package plot

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"html"
	"io"

	"github.com/go-analyze/charts/chartdraw"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/proxy/fleet"
)

// Figure is what is drawn. Its texts may come from anywhere: what cannot be shown is escaped,
// and long ones are cut.
type Figure struct {
	Title string       // one line on top
	About string       // a line below it; may be empty
	Runs  []Run        // one below the other, on the same scales
	Marks []fleet.Mark // events of all runs
}

// Run is one run.
type Run struct {
	Name   string        // above its panels, usually the policy
	Series *fleet.Series // is read only
	Scale  float64       // clients, by those that were simulated; 0 is 1
}

// ErrNothing is returned where no run has two values to draw a line between.
var ErrNothing = errors.New("there is nothing to draw: the run is shorter than two seconds")

// SVG writes the figure as a document of its own. The error is that of w, or ErrNothing.
func (f *Figure) SVG(w io.Writer) error {
	doc, err := f.draw()
	if err != nil {
		return err
	}
	_, err = w.Write(doc)
	return err
}

// HTML writes the figure as a page of its own. The error is that of w, or ErrNothing.
func (f *Figure) HTML(w io.Writer) error {
	doc, err := f.draw()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, page, html.EscapeString(f.title()), pageStyle, doc)
	return err
}

const page = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%s</title>
<style>%s</style>
</head>
<body>
%s</body>
</html>
`

// How much of a text is shown, in bytes.
const (
	maxTitle = 110
	maxAbout = 150
	maxName  = 60
	maxMark  = 36
)

func (f *Figure) title() string { return printable.Line(f.Title, maxTitle) }

// draw is the figure as SVG, with a line feed at its end.
func (f *Figure) draw() ([]byte, error) {
	data := make([]columns, len(f.Runs))
	for i, run := range f.Runs {
		data[i] = reduce(run.Series, cmp.Or(run.Scale, 1))
	}
	scales, ok := scalesOf(data)
	if !ok {
		return nil, ErrNothing
	}
	s := &sheet{marks: f.Marks, scales: scales, servers: servers(data)}
	s.Renderer = measuring()
	s.placeMarks()
	height := s.height(len(f.Runs), f.About != "")
	s.Renderer = chartdraw.SVGWithCSS(style, "")(width, height)
	s.SetDPI(72)
	s.y = margin
	s.paper(height)
	s.head(f.title(), printable.Line(f.About, maxAbout))
	for i, run := range f.Runs {
		s.run(printable.Line(run.Name, maxName), data[i])
	}
	var doc bytes.Buffer
	if err := s.Save(&doc); err != nil {
		return nil, err // a buffer has none
	}
	return s.named(doc.Bytes(), height, f.title()), nil
}

// measuring is a renderer that tells how wide texts are.
func measuring() chartdraw.Renderer {
	r := chartdraw.SVG(width, 0)
	r.SetDPI(72) // one point is one pixel
	return r
}

// named puts a size and a title into a document, which the library leaves out: programs
// that read aloud say the title, and those that show pictures need a size.
func (s *sheet) named(doc []byte, height int, title string) []byte {
	begin, rest, _ := bytes.Cut(doc, []byte(">"))
	return fmt.Appendf(nil, "%s width=\"%d\" height=\"%d\" role=\"img\"><title>%s</title>%s\n", begin, width, height, html.EscapeString(title), rest)
}
