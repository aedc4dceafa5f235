package terminal

import (
	"bytes"
	"os"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

func TestOnlyATerminalIsOne(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	t.Setenv("TERM", "xterm")
	if Is(nil) || Is(new(bytes.Buffer)) || Is(file) || Is(null) {
		t.Error("a buffer, a file or the null device is a terminal")
	}
	t.Setenv("TERM", "dumb")
	if tty, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0); err == nil {
		defer tty.Close()
		if Is(tty) {
			t.Error("a dumb terminal understands control characters")
		}
	}
}

func TestALineIsDrawnInPlaceOfTheLastAndNotWrapped(t *testing.T) {
	if got := Redrawn("x"); got != "\r\x1b[K\x1b[?7lx\x1b[?7h" {
		t.Errorf("%q", got)
	}
}
