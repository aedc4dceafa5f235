package terminalui

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch"
)

// screen is the program: the model, what of it is shown, and the keys.
type screen struct {
	live   *watch.Model
	paused *watch.Model // as it was when the user paused; nil: not paused
	view   watch.Screen
	err    error // why it ends

	resumed func() // ends what suspend has begun; nil: nothing
}

// Init does nothing: events come from Run.
func (s *screen) Init() tea.Cmd { return nil }

// Update takes a key, an event or a size.
func (s *screen) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case watch.Event:
		s.live.Apply(msg)
	case tick:
		if s.paused == nil {
			s.view.Now = time.Time(msg)
		}
	case ending:
		s.err = msg.err
		return s, tea.Quit
	case tea.ResumeMsg:
		s.wake()
	case tea.WindowSizeMsg:
		s.view.Width, s.view.Height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		then := s.press(msg.String())
		return s, then
	}
	return s, nil
}

// wake ends what suspend has begun.
func (s *screen) wake() {
	if s.resumed != nil {
		s.resumed()
		s.resumed = nil
	}
}

// shown is the model that is drawn.
func (s *screen) shown() *watch.Model {
	if s.paused != nil {
		return s.paused
	}
	return s.live
}

// View draws.
func (s *screen) View() tea.View {
	if s.paused == nil {
		s.view.Now = later(s.view.Now, time.Now())
	}
	var b strings.Builder
	for i, line := range s.shown().Draw(s.view) {
		if i > 0 {
			b.WriteByte('\n')
		}
		for _, span := range line {
			b.WriteString(styled(span))
		}
	}
	v := tea.NewView(b.String())
	v.AltScreen = true
	v.DisableBracketedPasteMode = true
	return v
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// codes are the styles as SGR parameters. The colors are two of the sixteen that each terminal
// shows so that they are legible on its background.
var codes = [...]string{watch.Bold: "1", watch.Faint: "2", watch.Good: "1;32", watch.Bad: "31", watch.Chosen: "1;7"}

// styled is a span with its style around it.
func styled(s watch.Span) string {
	code := codes[s.Style]
	if code == "" || s.Text == "" {
		return s.Text
	}
	return "\x1b[" + code + "m" + s.Text + "\x1b[m"
}
