//go:build !unix

package terminalui

import tea "charm.land/bubbletea/v2"

// suspend does nothing: there is no shell that would continue the program.
func (s *screen) suspend() tea.Cmd { return nil }
