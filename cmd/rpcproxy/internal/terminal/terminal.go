package terminal

import (
	"io"
	"os"
)

// Is reports whether w is a terminal that understands control characters.
func Is(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	about, err := f.Stat()
	return err == nil && about.Mode()&os.ModeCharDevice != 0
}

// Wipe goes to the beginning of the line and clears it.
const Wipe = "\r\x1b[K"

// Redrawn is what draws one line in place of the line that the cursor is in. What is wider
// than the terminal is cut by it (DECAWM, as in every terminal since the VT100), so that the
// next one finds one line to wipe.
func Redrawn(line string) string { return Wipe + "\x1b[?7l" + line + "\x1b[?7h" }
