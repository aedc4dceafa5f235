package testutil

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// forged begins the lines that hostile texts try to add.
const forged = "FORGED: all is well"

// HostileTexts are texts as a hostile peer or a broken file may have them. Shown as they
// are they would color, move, hide or reorder what is on a terminal, or add a line, or
// be megabytes. CheckShown finds each of them.
func HostileTexts() []string {
	return []string{
		"x\x1b[2J\x1b]0;owned\a\x1b[8m",     // C0: clears, sets the title, hides
		"x\r" + forged,                      // begins the line anew
		"x\n" + forged,                      // another line
		"x\n\t" + forged,                    // another entry of a list
		"x\v\f\b\x00\x7f",                   // other C0, DEL
		"x\u009b2J\u0085\u0090q\u009c",      // C1
		"a\u202eb\u202d\u2066c\u2069\u061c", // bidirectional overrides and isolates
		"a\u200bb\u200dc\ufeff\u2060\u00ad", // invisible
		"a\u3164b\uffa0\ufe0fc\u2800\u034f", // letters and marks that are not drawn
		"a\u2028" + forged + "\u2029b",      // line and paragraph separators
		"\xff\xfe\x9b2J\xc3(\xed\xa0\x80",   // no UTF-8; a C1 in Latin-1
		"\U000e0041\U000e007f\U0010fffd",    // tags, private use
		"no\u00a0break\u3000wide",           // spaces that are none
		strings.Repeat("y\x1b[1;1H", 1<<19), // 3.5 MiB
		strings.Repeat("é", 1<<20),          // 2 MiB, of characters that may be cut in two
	}
}

// mostShown bounds a text that is shown, with a few of what was cut in it.
const mostShown = 24 << 10

// unseen are letters and marks that are not drawn.
var unseen = []*unicode.RangeTable{unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector}

// Reporter is the part of a testing.TB that checks of texts need.
type Reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// CheckShown fails t if a text that is shown moves a cursor, hides or reorders something,
// has a line that a hostile text added, or is too long. A line feed with a tab behind it
// is that of a list.
func CheckShown(t Reporter, what, text string) {
	t.Helper()
	plain := strings.ReplaceAll(text, "\n\t", "  ")
	if i := strings.IndexFunc(plain, func(r rune) bool { return !unicode.IsPrint(r) || unicode.In(r, unseen...) || r == '\u2800' }); i >= 0 || !utf8.ValidString(plain) {
		t.Errorf("%s: not printable: %.300q", what, plain[max(0, i-50):])
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimLeft(line, "\t "), forged) {
			t.Errorf("%s: it has a line that was forged: %.300q", what, text)
		}
	}
	if len(text) > mostShown {
		t.Errorf("%s: %d bytes: %.200q...", what, len(text), text)
	}
}
