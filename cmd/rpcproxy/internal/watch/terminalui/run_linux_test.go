package terminalui

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch"
	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/testutil"
)

func TestMain(m *testing.M) { testutil.Main(m) }

// source is what a test gives.
type source func(ctx context.Context, emit func(watch.Event)) error

func (s source) Run(ctx context.Context, emit func(watch.Event)) error { return s(ctx, emit) }

// run shows a source on a pseudo terminal, where keys are pressed when the source says so. It
// returns the bytes that came, and checks that the terminal is set as before.
func run(ctx context.Context, t *testing.T, keys <-chan string, s source) (raw string, err error) {
	t.Helper()
	near, far, err := pty.Open()
	if err != nil {
		testutil.Unable(t, err)
	}
	defer near.Close()
	t.Setenv("TERM", "xterm-256color")
	if err := pty.Setsize(far, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		testutil.Unable(t, err)
	}
	before := attributes(t, far)
	var out bytes.Buffer
	read, pressed := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(&out, near) // until far is closed
	}()
	ended := make(chan struct{})
	go func() {
		defer close(pressed)
		for {
			select {
			case k := <-keys:
				_, _ = near.WriteString(k)
			case <-ended:
				return
			}
		}
	}()
	err = Run(ctx, Config{In: far, Out: far}, watch.NewModel([]string{"10.0.0.1:4647"}), s)
	close(ended)
	<-pressed
	if now := attributes(t, far); now != before {
		t.Errorf("the terminal is set as %+v, was %+v", now, before)
	}
	if err := far.Close(); err != nil {
		t.Error(err)
	}
	<-read
	raw = out.String()
	on, off := strings.LastIndex(raw, "\x1b[?1049h"), strings.LastIndex(raw, "\x1b[?1049l")
	if on >= 0 && off < on {
		t.Errorf("the alternate screen is left on: %q", raw)
	}
	if hidden, shown := strings.LastIndex(raw, "\x1b[?25l"), strings.LastIndex(raw, "\x1b[?25h"); hidden > shown {
		t.Errorf("the cursor is left hidden: %q", raw)
	}
	return raw, err
}

func attributes(t *testing.T, f *os.File) unix.Termios {
	t.Helper()
	a, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *a
}

func probed() watch.Event {
	return watch.Probed{At: time.Now(), Addr: "10.0.0.1:4647", RTT: time.Millisecond}
}

func TestAPanicOfTheSourceLeavesTheTerminalAsItWas(t *testing.T) {
	_, err := run(t.Context(), t, nil, func(_ context.Context, emit func(watch.Event)) error {
		emit(probed()) // it is on the screen by then
		panic("planted")
	})
	if _, ok := errors.AsType[*contain.Panic](err); !ok || !strings.Contains(err.Error(), "planted") {
		t.Errorf("%v", err)
	}
}

func TestTheEndOfTheSourceOrOfTheContextEndsTheScreen(t *testing.T) {
	planted := errors.New("planted")
	if _, err := run(t.Context(), t, nil, func(context.Context, func(watch.Event)) error { return planted }); !errors.Is(err, planted) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := run(ctx, t, nil, func(ctx context.Context, emit func(watch.Event)) error {
		emit(probed())
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := run(ctx, t, nil, func(ctx context.Context, _ func(watch.Event)) error { return ctx.Err() }); !errors.Is(err, context.Canceled) {
		t.Errorf("it had ended before: %v", err)
	}
}

func TestKeysEndTheScreen(t *testing.T) {
	for key, want := range map[string]error{"q": nil, "\x03": ErrInterrupted} {
		keys := make(chan string)
		raw, err := run(t.Context(), t, keys, func(ctx context.Context, emit func(watch.Event)) error {
			emit(probed())
			keys <- key
			<-ctx.Done()
			return ctx.Err()
		})
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", key, err, want)
		}
		if !strings.Contains(raw, "10.0.0.1:4647") {
			t.Errorf("nothing was drawn: %q", raw)
		}
	}
}

func TestWhatIsNoTerminalIsAnErrorAndNoHang(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	err = Run(ctx, Config{In: f, Out: f}, watch.NewModel(nil), source(func(ctx context.Context, _ func(watch.Event)) error {
		return errors.New("over")
	}))
	if err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}
