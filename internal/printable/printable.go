package printable

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line is s on one line of at most limit bytes and a mark of what was left out, with
// everything escaped that moves a cursor, colors or reorders text, or cannot be seen:
// control characters (C0, DEL, C1), line and paragraph separators, bidirectional and
// other format characters, blanks other than the space, letters and marks that are not drawn,
// what no text has, and bytes that are not UTF-8. What needs no escape is kept as it is, so Line(Line(s)) is Line(s).
// It allocates nothing if s is safe and short.
func Line(s string, limit int) string {
	kept := s
	if len(s) > limit {
		if wasCut(s, limit) {
			return s
		}
		kept = s[:cutAt(s, limit)]
	}
	first := strings.IndexFunc(kept, unsafe)
	if first < 0 && len(kept) == len(s) {
		return s
	}
	if first < 0 {
		first = len(kept)
	}
	b := append(make([]byte, 0, len(kept)+32), kept[:first]...)
	for rest := kept[first:]; rest != ""; {
		r, n := utf8.DecodeRuneInString(rest)
		grown := append(b, rest[:n]...) //nolint:gocritic // b itself where it is kept
		if unsafe(r) {
			grown = appendEscaped(b, r, rest[:n])
		}
		if len(grown) > limit {
			kept = kept[:len(kept)-len(rest)]
			break
		}
		b, rest = grown, rest[n:]
	}
	if len(kept) < len(s) {
		b = fmt.Appendf(b, mark+"%d"+markEnd, len(s))
	}
	return string(b)
}

// The mark of what was left out: the length of the whole stands between its parts.
const mark, markEnd, markMost = "... (", " bytes)", len(mark + "18446744073709551615" + markEnd)

// wasCut reports whether s looks as Line leaves what it cuts to limit. A text that looks so by
// itself is no longer than that either.
func wasCut(s string, limit int) bool {
	if len(s) > limit+markMost {
		return false
	}
	begins := strings.LastIndex(s, mark)
	if begins < 0 || begins > limit {
		return false
	}
	length, whole := strings.CutSuffix(s[begins+len(mark):], markEnd)
	_, err := strconv.ParseUint(length, 10, 64)
	return whole && err == nil && strings.IndexFunc(s, unsafe) < 0
}

// Quote is Line in double quotes, where the quotes and backslashes of s are escaped too:
// what is inside cannot pass for what is around it. The mark of what was left out stands
// behind the quotes.
func Quote(s string, limit int) string {
	if len(s) <= limit {
		return quoted(s)
	}
	return fmt.Sprintf("%s"+mark+"%d"+markEnd, quoted(s[:cutAt(s, limit)]), len(s))
}

// quoted is strconv.Quote that also escapes what only Line knows.
func quoted(s string) string {
	q := strconv.Quote(s)
	return Line(q, len(q)*utf8.UTFMax)
}

// cutAt is the largest number of bytes up to limit at which no character is cut in two.
func cutAt(s string, limit int) int {
	limit = max(limit, 0)
	for back := 1; back < utf8.UTFMax && back <= limit; back++ {
		if utf8.RuneStart(s[limit-back]) {
			if _, n := utf8.DecodeRuneInString(s[limit-back:]); n > back {
				return limit - back
			}
			break
		}
	}
	return limit
}

// unsafe reports whether a character must be escaped. A byte that is not UTF-8 reads as
// RuneError, and so does a real U+FFFD, which is then escaped as well.
func unsafe(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return r == utf8.RuneError || !unicode.IsPrint(r) || unicode.In(r, unseen...) || r == brailleBlank
}

// unseen are letters and marks that are not drawn: fillers of Hangul, selectors of variations,
// joiners. The blank of Braille is one, too.
var unseen = []*unicode.RangeTable{unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector}

const brailleBlank = '\u2800'

// appendEscaped appends r as in a Go string.
func appendEscaped(b []byte, r rune, raw string) []byte {
	if r == utf8.RuneError && len(raw) == 1 {
		return fmt.Appendf(b, `\x%02x`, raw[0])
	}
	q := strconv.AppendQuoteRuneToASCII(nil, r)
	return append(b, q[1:len(q)-1]...)
}
