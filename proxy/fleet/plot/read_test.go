package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-analyze/charts/chartdraw/drawing"
)

// drawn is a document as it was read: its shapes and its texts.
type drawn struct {
	shapes []shape
	texts  []string
	title  string
}

// shape is one path.
type shape struct {
	style, dashes string
	points        []point
}

type point struct{ x, y int }

// filled are the shapes in a color.
func (d *drawn) filled(c drawing.Color) []shape { return d.styled("fill:" + c.String()) }

// stroked are the lines in a color.
func (d *drawn) stroked(c drawing.Color) []shape { return d.styled("stroke:" + c.String()) }

func (d *drawn) styled(part string) (found []shape) {
	for _, s := range d.shapes {
		if strings.Contains(s.style, part) {
			found = append(found, s)
		}
	}
	return found
}

// read reads a document strictly, as XML.
func read(t *testing.T, doc []byte) *drawn {
	t.Helper()
	d := &drawn{}
	dec := xml.NewDecoder(bytes.NewReader(doc))
	var in string
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return d
		}
		if err != nil {
			t.Fatalf("%v in %.2000s", err, doc)
		}
		switch e := token.(type) {
		case xml.StartElement:
			in = e.Name.Local
			switch in {
			case "path":
				d.shapes = append(d.shapes, readShape(t, e))
			case "svg", "title", "style", "text":
			default:
				t.Errorf("an element %s", in)
			}
		case xml.EndElement:
			in = ""
		case xml.CharData:
			switch in {
			case "text":
				d.texts = append(d.texts, string(e))
			case "title":
				d.title = string(e)
			}
		}
	}
}

func readShape(t *testing.T, e xml.StartElement) (s shape) {
	t.Helper()
	for _, a := range e.Attr {
		switch a.Name.Local {
		case "style":
			s.style = a.Value
		case "stroke-dasharray":
			s.dashes = a.Value
		case "d":
			for _, part := range strings.FieldsFunc(a.Value, func(r rune) bool { return r == '\n' }) {
				if part == "Z" {
					continue
				}
				var op string
				var p point
				if _, err := fmt.Sscan(part, &op, &p.x, &p.y); err != nil {
					t.Fatalf("%q: %v", part, err)
				}
				s.points = append(s.points, p)
			}
		}
	}
	return s
}
