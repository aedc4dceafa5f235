package plot

import (
	"fmt"
	"strings"

	"github.com/go-analyze/charts/chartdraw/drawing"
)

// palette are the colors of the servers: those of Okabe and Ito, "Color Universal Design",
// which people with any color vision tell apart, in an order in which neighbors differ in
// brightness too. They show on white and on black.
var palette = []drawing.Color{
	rgb(0x0072b2), rgb(0xe69f00), rgb(0x009e73), rgb(0xcc79a7),
	rgb(0x56b4e9), rgb(0xd55e00), rgb(0xf0e442), rgb(0x8c8c8c),
}

// shade is a color and what it is on a dark ground.
type shade struct{ light, dark drawing.Color }

// The colors of what is no server. Each is its own, so that the style of the document can
// find it.
var (
	ground = shade{rgb(0xfefefe), rgb(0x0d1117)}
	ink    = shade{rgb(0x1f2328), rgb(0xf0f6fc)}
	pale   = shade{rgb(0x59636e), rgb(0x9198a1)}
	grid   = shade{rgb(0xe3e7eb), rgb(0x262c34)}
	axis   = shade{rgb(0xa0a8b0), rgb(0x59616a)}
	event  = shade{rgb(0x424a53), rgb(0xc0c8d0)}
	danger = shade{rgb(0xcf222e), rgb(0xff7b72)} // the limit
	lost   = shade{rgb(0xc9ced4), rgb(0x3d444d)} // failed dials
)

func rgb(hex uint32) drawing.Color {
	return drawing.Color{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

// fonts are narrow enough for the places that texts get, on every system.
const fonts = `Roboto,"Segoe UI","Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif`

// style is that of the document. The colors of the light scheme stand at the elements, for
// programs that know no style.
var style = func() string {
	var b strings.Builder
	fmt.Fprintf(&b, "text{font-family:%s!important}text[style*=\"font-size:19px\"],text[style*=\"font-size:15px\"]{font-weight:600}path{stroke-linejoin:round}@media(prefers-color-scheme:dark){", fonts)
	for _, s := range []shade{ground, ink, pale, grid, axis, event, danger, lost} {
		for _, what := range []string{"fill", "stroke"} {
			fmt.Fprintf(&b, `[style*="%s:%s"]{%s:%s!important}`, what, s.light.StringRGB(), what, s.dark.StringRGB())
		}
	}
	b.WriteString("}")
	return b.String()
}()

// pageStyle is that of a page around the document.
var pageStyle = fmt.Sprintf("body{margin:0;background:%s}svg{display:block;width:100%%;max-width:75rem;height:auto;margin:0 auto}"+
	"@media(prefers-color-scheme:dark){body{background:%s}}", ground.light.StringRGB(), ground.dark.StringRGB())
