package demo

import (
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/open-nomad/rpcproxy/testutil"
)

// pseudoTerminal opens a pseudo terminal of so many columns.
func pseudoTerminal(t *testing.T, columns uint16) *os.File {
	t.Helper()
	near, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		testutil.Unable(t, err)
	}
	t.Cleanup(func() { _ = near.Close() })
	if err := unix.IoctlSetPointerInt(int(near.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		testutil.Unable(t, err)
	}
	number, err := unix.IoctlGetInt(int(near.Fd()), unix.TIOCGPTN)
	if err != nil {
		testutil.Unable(t, err)
	}
	far, err := os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		testutil.Unable(t, err)
	}
	t.Cleanup(func() { _ = far.Close() })
	if err := unix.IoctlSetWinsize(int(far.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		testutil.Unable(t, err)
	}
	return far
}

func TestATerminalIsDrawnOnIfItIsWideEnoughAndHasAName(t *testing.T) {
	for _, c := range []struct {
		columns uint16
		term    string
		want    bool
	}{
		{80, "xterm", true}, {200, "screen", true}, {79, "xterm", false}, {0, "xterm", false}, {80, "", false}, {80, "dumb", false},
	} {
		t.Setenv("TERM", c.term)
		if got := drawable(pseudoTerminal(t, c.columns)); got != c.want {
			t.Errorf("%d columns, TERM=%q: %v", c.columns, c.term, got)
		}
	}
}
