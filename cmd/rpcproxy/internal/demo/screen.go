package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// screen writes lines and, on a terminal, draws below them how the demo goes on.
// One goroutine does both. Without a terminal only the lines are written.
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
	written chan struct{} // closed when it is
}

// openScreen writes to lines, and draws on progress if that is a terminal; nil
// is none. It must be closed.
func openScreen(lines, progress io.Writer) *screen {
	if !isTerminal(progress) {
		progress = nil
	}
	return startScreen(lines, progress)
}

// startScreen draws on terminal, if there is one, whatever it is.
func startScreen(lines, terminal io.Writer) *screen {
	s := &screen{
		lines: lines, terminal: terminal, frames: make(chan func() string), printed: make(chan printing),
		quit: make(chan struct{}), done: make(chan struct{}),
	}
	go s.run()
	return s
}

// isTerminal says whether w is a terminal that understands control characters.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	about, err := f.Stat()
	return err == nil && about.Mode()&os.ModeCharDevice != 0
}

// print writes a line.
func (s *screen) print(line string) {
	p := printing{line: line, written: make(chan struct{})}
	s.printed <- p
	<-p.written
}

// show draws from now on what frame answers.
func (s *screen) show(frame func() string) { s.frames <- frame }

// close wipes the drawing away and ends the screen.
func (s *screen) close() {
	close(s.quit)
	<-s.done
}

const (
	wipe     = "\r\x1b[K" // to the line's beginning, and clear it
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
	frame, turns := func() string { return "" }, 0
	for {
		select {
		case <-due:
			turns++
			s.draw(fmt.Sprintf("%s%c %s", wipe, spinner[turns%len(spinner)], frame()))
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
