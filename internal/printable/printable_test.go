package printable_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func TestALineHasNothingThatMovesACursorOrHides(t *testing.T) {
	for in, want := range map[string]string{
		"plain text":                 "plain text",
		"":                           "",
		"bücher 日本 €":                "bücher 日本 €",
		"a\nb\rc\td":                 `a\nb\rc\td`,
		"\x1b[2J\x1b]0;owned\a":      `\x1b[2J\x1b]0;owned\a`,
		"\u009b2J\u0085":             `\u009b2J\u0085`,
		"a\u202eb\u2066c\u200f":      `a\u202eb\u2066c\u200f`,
		"a\u2028b\u2029c\ufeffd":     `a\u2028b\u2029c\ufeffd`,
		"no\u00a0break\u200b":        `no\u00a0break\u200b`,
		"\xff\xfea\x9b":              `\xff\xfea\x9b`,
		"\U000e0041\U000f0000":       `\U000e0041\U000f0000`,
		"a\u3164\uffa0b\u034f\ufe0f": `a\u3164\uffa0b\u034f\ufe0f`,
		"\U000e0100\u2800\u115f":     `\U000e0100\u2800\u115f`,
		"é e\u0301 ก็ दी ❤ 😀":        "é e\u0301 ก็ दी ❤ 😀",
		"del\x7f nul\x00":            `del\x7f nul\x00`,
		`a \n b`:                     `a \n b`,
	} {
		got := printable.Line(in, 1000)
		if got != want {
			t.Errorf("Line(%q) = %s, want %s", in, got, want)
		}
		if again := printable.Line(got, 1000); again != got {
			t.Errorf("Line(Line(%q)) = %s", in, again)
		}
	}
}

func TestALineIsCutBetweenCharacters(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"abcdef", 6, "abcdef"},
		{"abcdef", 5, "abcde... (6 bytes)"},
		{"aéé", 4, "aé... (5 bytes)"},
		{"a\nb", 2, "a... (3 bytes)"},
		{"a\nb", 3, `a\n... (3 bytes)`},
		{strings.Repeat("\x80", 9), 8, `\x80\x80... (9 bytes)`},
		{"abc", 0, "... (3 bytes)"},
		{"abc... (9 bytes)", 2, "ab... (16 bytes)"},  // more than it allows stands before the mark
		{"abc... (9 bites)", 3, "abc... (16 bytes)"}, // no mark
		{"abc... ( bytes)", 3, "abc... (15 bytes)"},
		{"a\x00... (9 bytes)", 3, "a... (15 bytes)"}, // nothing that was made printable
	} {
		got := printable.Line(c.in, c.limit)
		if got != c.want {
			t.Errorf("Line(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
		if again := printable.Line(got, c.limit); again != got {
			t.Errorf("Line(%q, %d) = %q", got, c.limit, again)
		}
	}
}

func TestAQuotedTextCannotEndItsQuotes(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{`a"b\`, 10, `"a\"b\\"`},
		{"a\nb\u202e\u009b", 20, `"a\nb\u202e\u009b"`},
		{"abcdef", 3, `"abc"... (6 bytes)`},
		{"bücher", 20, `"bücher"`},
		{"a\u3164\U000e0100", 20, `"a\u3164\U000e0100"`},
	} {
		if got := printable.Quote(c.in, c.limit); got != c.want {
			t.Errorf("Quote(%q, %d) = %s, want %s", c.in, c.limit, got, c.want)
		}
	}
}

func TestAShortPlainLineIsNotCopied(t *testing.T) {
	s := strings.Repeat("plain ", 20)
	if n := testing.AllocsPerRun(100, func() { _ = printable.Line(s, 200) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzLine(f *testing.F) {
	f.Add("a\x1b[2J\u202e\xff", 5)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = min(max(limit, 0), 1<<16)
		for _, got := range []string{printable.Line(s, limit), printable.Quote(s, limit)} {
			if !utf8.ValidString(got) || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) }) {
				t.Errorf("%q, %d: %q", s, limit, got)
			}
		}
		got := printable.Line(s, limit)
		if again := printable.Line(got, limit); again != got {
			t.Errorf("%q, %d: %q, and then %q", s, limit, got, again)
		}
		if len(got) > limit+len("... (18446744073709551615 bytes)") {
			t.Errorf("%q, %d: %d bytes", s, limit, len(got))
		}
	})
}

func ExampleLine() {
	fmt.Println(printable.Line("permission denied\x1b[2J\nall is well", 100))
	fmt.Println(printable.Line(strings.Repeat("x", 1_000_000), 10))
	// Output:
	// permission denied\x1b[2J\nall is well
	// xxxxxxxxxx... (1000000 bytes)
}
