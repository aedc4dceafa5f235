package terminal

import (
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/charmbracelet/x/term"
)

// Is reports whether w is a terminal that understands control characters, as its
// name in TERM says. The null device is none.
func Is(w io.Writer) bool {
	f, ok := w.(*os.File)
	if name := os.Getenv("TERM"); !ok || f == nil || name == "" || name == "dumb" {
		return false
	}
	return term.IsTerminal(f.Fd())
}

// Wipe goes to the beginning of the line and clears it.
const Wipe = "\r\x1b[K"

// Redrawn is what draws one line in place of the line that the cursor is in. What is wider
// than the terminal is cut by it (DECAWM, as in every terminal since the VT100), so that the
// next one finds one line to wipe.
func Redrawn(line string) string { return Wipe + "\x1b[?7l" + line + "\x1b[?7h" }

// UTF8 reports whether the user's locale has UTF-8, so that more than ASCII can be drawn.
func UTF8() bool {
	if runtime.GOOS == "windows" {
		return true
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} { // the first that is set counts
		if locale := strings.ToUpper(os.Getenv(name)); locale != "" {
			return strings.Contains(strings.ReplaceAll(locale, "-", ""), "UTF8")
		}
	}
	return false
}
