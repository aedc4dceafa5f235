package plot

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/proxy/fleet"
	"github.com/open-nomad/rpcproxy/testutil"
)

// known is a series of so many steps and servers: server n has 100*(n+1) clients, and gets
// 10 dials a step, one of which fails.
func known(servers, steps int, step time.Duration) *fleet.Series {
	s := &fleet.Series{Step: step, Up: make([]int, steps)}
	for n := range servers {
		s.Active = append(s.Active, slices.Repeat([]int{100 * (n + 1)}, steps))
		s.Dials = append(s.Dials, slices.Repeat([]int{10}, steps))
		s.Failed = append(s.Failed, slices.Repeat([]int{1}, steps))
	}
	return s
}

func svg(t *testing.T, f Figure) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.SVG(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAreasStandOnEachOtherAndAreAsHighAsTheirClientsAreMany(t *testing.T) {
	const servers = 3
	d := read(t, svg(t, Figure{Runs: []Run{{Name: "shuffle", Series: known(servers, 60, time.Second), Scale: 7}}}))
	high := func(points []point, from, to int) int { return points[from].y - points[to].y }
	var base []point
	for n := range servers {
		areas := slices.DeleteFunc(d.filled(palette[n]), func(s shape) bool { return len(s.points) < 100 })
		if len(areas) != 1 {
			t.Fatalf("server %d has %d areas", n+1, len(areas))
		}
		points := areas[0].points
		above, below := points[:60], slices.Clone(points[len(points)-60:])
		slices.Reverse(below)
		if n > 0 && !slices.Equal(below, base) {
			t.Errorf("server %d stands on %v, want %v", n+1, below[:3], base[:3])
		}
		base = above
		// All 600 clients take the panel but for the room above them.
		want := float64(100*(n+1)) / 600 / 1.02 * clientsHigh
		if got := high(points, len(points)-1, 0); float64(got) < want-1 || float64(got) > want+1 {
			t.Errorf("server %d is %d high, want %.1f", n+1, got, want)
		}
		if above[0].x != left || above[59].x != width-right {
			t.Errorf("from %d to %d", above[0].x, above[59].x)
		}
	}
}

func TestThereAreLinesOfConnectionsTheLimitAndFailedDials(t *testing.T) {
	d := read(t, svg(t, Figure{Runs: []Run{{Name: "a", Series: known(2, 60, time.Second)}, {Name: "b", Series: known(2, 60, time.Second)}}}))
	limits := slices.DeleteFunc(d.stroked(danger.light), func(s shape) bool { return s.points[1].x-s.points[0].x < 100 })
	if len(limits) != 2 {
		t.Fatalf("%d lines at the limit of two runs", len(limits))
	}
	for _, l := range limits {
		if l.dashes == "" || l.points[0].y != l.points[1].y || l.points[0].x != left || l.points[1].x != width-right {
			t.Errorf("%+v", l)
		}
	}
	for n := range 2 {
		if lines := d.stroked(palette[n]); len(lines) != 2 || len(lines[0].points) != 60 {
			t.Errorf("server %d has %d lines", n+1, len(lines))
		} else if got := limits[0].points[0].y - lines[0].points[0].y; got >= 0 {
			t.Errorf("10 a second are %d above the limit", got)
		}
	}
	if areas := d.filled(lost.light); len(areas) != 3 { // and one in the legend
		t.Errorf("%d areas of failed dials", len(areas))
	}
}

func TestEachEventHasItsLineAndItsText(t *testing.T) {
	marks := []fleet.Mark{{At: 10 * time.Second, Text: "kill 1"}, {At: 18 * time.Second, Text: "start 1"}, {At: time.Hour, Text: "too late"}, {At: -1, Text: "too early"}}
	d := read(t, svg(t, Figure{Runs: []Run{{Name: "a", Series: known(2, 61, time.Second)}}, Marks: marks}))
	if lines := d.stroked(event.light); len(lines) != 4 { // in two panels
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range d.stroked(event.light) {
		if line.points[0].x != line.points[1].x || line.dashes == "" {
			t.Errorf("%+v", line)
		}
	}
	for text, want := range map[string]bool{"kill 1": true, "start 1": true, "too late": false, "too early": false} {
		if slices.Contains(d.texts, text) != want {
			t.Errorf("%q in %q, want %v", text, d.texts, want)
		}
	}
}

func TestTextsOfEventsDoNotOverlap(t *testing.T) {
	var marks []fleet.Mark
	for i := range 100 {
		marks = append(marks, fleet.Mark{At: time.Duration(i) * 3 * time.Second, Text: strings.Repeat("event ", 1+i%4)})
	}
	s := &sheet{marks: marks, scales: scales{length: 5 * time.Minute}}
	s.Renderer = measuring()
	s.placeMarks()
	texts := 0
	for i, p := range s.placed {
		if p.row < 0 {
			continue
		}
		texts++
		if p.to > width {
			t.Errorf("%d ends at %d", i, p.to)
		}
		for _, q := range s.placed[i+1:] {
			if q.row == p.row && q.from < p.to && q.to > p.from {
				t.Errorf("%+v overlaps %+v", p, q)
			}
			if q.row > p.row && q.x > p.from && q.x < p.to {
				t.Errorf("the line of %+v crosses %+v", q, p)
			}
		}
	}
	if texts < 20 {
		t.Errorf("%d of 100 have a text", texts)
	}
}

func TestTheSameFigureHasTheSameBytesAndIsReadWithoutANetwork(t *testing.T) {
	f := Figure{Title: "roll", About: "one after the other", Runs: []Run{{Name: "a", Series: known(7, 400, 250*time.Millisecond)}}, Marks: []fleet.Mark{{At: 5 * time.Second, Text: "roll"}}}
	one, two := svg(t, f), svg(t, f)
	if !bytes.Equal(one, two) {
		t.Error("they differ")
	}
	var page bytes.Buffer
	if err := f.HTML(&page); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(page.Bytes(), one) {
		t.Error("the page has another picture")
	}
	text := strings.ReplaceAll(strings.ReplaceAll(page.String(), "http://www.w3.org/2000/svg", ""), "http://www.w3.org/1999/xlink", "")
	for _, outside := range []string{"://", "url(", "@import", "<script", "href"} {
		if strings.Contains(text, outside) {
			t.Errorf("it has %q", outside)
		}
	}
	if !strings.Contains(text, "prefers-color-scheme:dark") {
		t.Error("it has no dark scheme")
	}
}

func TestNoTextBreaksThePicture(t *testing.T) {
	for _, text := range append(testutil.HostileTexts(), `</text></svg><script>alert(1)</script>`, `]]></style>&amp;"'`) {
		f := Figure{Title: text, About: text, Runs: []Run{{Name: text, Series: known(1, 10, time.Second)}}, Marks: []fleet.Mark{{Text: text}}}
		d := read(t, svg(t, f))
		for _, shown := range append(d.texts, d.title) {
			testutil.CheckShown(t, "the picture", shown)
		}
		var page bytes.Buffer
		if err := f.HTML(&page); err != nil || strings.Contains(page.String(), "<script") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestALongRunKeepsItsPeaks(t *testing.T) {
	s := known(2, 72_000, 100*time.Millisecond) // two hours
	s.Dials[1][33_333] = 5000
	c := reduce(s, 1)
	if n := len(c.failed); n > maxColumns || n < maxColumns/2 {
		t.Errorf("%d columns", n)
	}
	if got := largest(c.dials[1]); got != 5090 {
		t.Errorf("the peak is %v a second", got)
	}
	if c.dials[0][0] != 100 || c.failed[0] != 10 || c.active[1][5] != 200 {
		t.Errorf("%v %v %v", c.dials[0][0], c.failed[0], c.active[1][5])
	}
	var scale scales
	if scale, _ = scalesOf([]columns{c}); !scale.log {
		t.Error("the limit cannot be seen")
	}
}

func TestWhereThereIsNothingToDrawItSaysSo(t *testing.T) {
	for _, runs := range [][]Run{nil, {{}}, {{Series: &fleet.Series{}}}, {{Series: known(0, 10, time.Second)}}, {{Series: known(2, 1, time.Second)}}, {{Series: known(2, 9, 100*time.Millisecond)}}} {
		var b bytes.Buffer
		if err := (&Figure{Runs: runs}).SVG(&b); !errors.Is(err, ErrNothing) || b.Len() > 0 {
			t.Errorf("%v, %d bytes", err, b.Len())
		}
	}
}

func TestManyServersHaveALegend(t *testing.T) {
	d := read(t, svg(t, Figure{Runs: []Run{{Name: "a", Series: known(64, 10, time.Second)}}}))
	if !slices.Contains(d.texts, "8, and so on to 64") {
		t.Errorf("%q", d.texts)
	}
}
