package terminalui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch"
)

// press does what a key is for.
func (s *screen) press(key string) tea.Cmd {
	switch key {
	case "q", "Q":
		return tea.Quit
	case "ctrl+c":
		s.err = ErrInterrupted
		return tea.Quit
	case "ctrl+z":
		return s.suspend()
	case "p", "space":
		s.pause()
	case "e":
		s.turnTo(watch.Explain)
	case "?", "h", "f1":
		s.turnTo(watch.Help)
	case "esc":
		s.turnTo(watch.Servers)
	default:
		s.move(key)
	}
	return nil
}

// pause lets the screen stand still, or go on.
func (s *screen) pause() {
	if s.paused != nil {
		s.paused = nil
	} else {
		s.paused = s.live.Clone()
	}
	s.view.Paused = s.paused != nil
}

// turnTo shows a page, or that of the servers if it is shown already.
func (s *screen) turnTo(page watch.Mode) {
	if s.view.Mode == page {
		page = watch.Servers
	}
	s.view.Mode, s.view.Scroll = page, 0
}

// move selects a server, or scrolls.
func (s *screen) move(key string) {
	step, ok := map[string]int{
		"up": -1, "k": -1, "down": 1, "j": 1,
		"pgup": -s.view.Room(), "pgdown": s.view.Room(), "home": -far, "end": far,
	}[key]
	if !ok {
		return
	}
	m := s.shown()
	switch s.view.Mode {
	case watch.Explain: // counted from the end
		s.view.Scroll = within(s.view.Scroll-step, m.Lines(s.view)-s.view.Room())
	case watch.Help:
		s.view.Scroll = within(s.view.Scroll+step, m.Lines(s.view)-s.view.Room())
	default:
		s.view.Selected = within(s.view.Selected+step, m.Len()-1)
	}
}

// far is further than any list is long.
const far = 1 << 30

// within is n, at least 0 and at most most.
func within(n, most int) int { return max(min(n, most), 0) }
