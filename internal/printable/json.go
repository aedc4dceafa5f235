package printable

import (
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON is a JSON text in which what Line escapes stands as \u, which means the same to
// who reads it. Outside of its strings a JSON text has no such character; the white space
// there stays.
func JSON(text []byte) []byte {
	var out []byte // nil: nothing was escaped yet
	from := 0
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r >= 0x7f && unsafe(r) {
			out = append(out, text[from:i]...)
			if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
				out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
			} else {
				out = fmt.Appendf(out, `\u%04x`, r)
			}
			from = i + n
		}
		i += n
	}
	if out == nil {
		return text
	}
	return append(out, text[from:]...)
}
