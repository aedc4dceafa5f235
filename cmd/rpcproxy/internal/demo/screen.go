package demo

import (
	"fmt"
	"io"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/terminal"
)

// screen writes lines and, on a terminal, draws the progress of the demo below them.
// One goroutine does both. Without a terminal it only writes the lines.
type screen struct {
	lines    io.Writer
	terminal io.Writer // nil: nothing is drawn
	frames   chan func() string
	printed  chan printing
	quit     chan struct{}
	done     chan struct{}
}

// printing is a line to be written.
type printing struct {
	line    string
	written chan struct{} // closed when the line is written
}

// openScreen makes a screen that writes to lines, and draws on progress if that is a
// terminal; nil is none. It must be closed.
func openScreen(lines, progress io.Writer) *screen {
	if !terminal.Is(progress) {
		progress = nil
	}
	return startScreen(lines, progress)
}

// startScreen makes a screen that draws on terminal without a check; nil is none.
func startScreen(lines, terminal io.Writer) *screen {
	s := &screen{
		lines: lines, terminal: terminal, frames: make(chan func() string), printed: make(chan printing),
		quit: make(chan struct{}), done: make(chan struct{}),
	}
	go s.run()
	return s
}

// print writes a line.
func (s *screen) print(line string) {
	p := printing{line: line, written: make(chan struct{})}
	s.printed <- p
	<-p.written
}

// show draws the text of frame from now on.
func (s *screen) show(frame func() string) { s.frames <- frame }

// close wipes the drawing and ends the goroutine.
func (s *screen) close() {
	close(s.quit)
	<-s.done
}

const (
	wipe     = terminal.Wipe
	spinner  = `|/-\`
	perFrame = 100 * time.Millisecond
)

func (s *screen) run() {
	defer close(s.done)
	defer s.draw(wipe)
	var due <-chan time.Time // never without a terminal
	if s.terminal != nil {
		ticker := time.NewTicker(perFrame)
		defer ticker.Stop()
		due = ticker.C
	}
	frame, drawn := func() string { return "" }, 0
	for {
		select {
		case <-due:
			drawn++
			s.draw(fmt.Sprintf("%s%c %s", wipe, spinner[drawn%len(spinner)], frame()))
		case frame = <-s.frames:
		case p := <-s.printed:
			s.draw(wipe)
			fmt.Fprintln(s.lines, p.line)
			close(p.written)
		case <-s.quit:
			return
		}
	}
}

func (s *screen) draw(text string) {
	if s.terminal != nil {
		fmt.Fprint(s.terminal, text)
	}
}
