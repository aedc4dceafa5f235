//go:build unix

package terminalui

import (
	"os"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
)

// wakeAfter is how long the program may wait for its stop, once the terminal is given back.
const wakeAfter = 300 * time.Millisecond

// suspend gives the terminal back and stops the process group, until the shell continues it.
// Where no shell could (behind docker exec, ssh with a command), the system does not stop it
// (POSIX, orphaned process groups), and it would wait for SIGCONT for ever. It sends that to
// itself, then: a process that is stopped does not.
func (s *screen) suspend() tea.Cmd {
	if s.resumed != nil {
		return nil // it is under way
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		every := time.NewTicker(wakeAfter)
		defer every.Stop()
		for {
			select {
			case <-every.C:
				_ = syscall.Kill(os.Getpid(), syscall.SIGCONT)
			case <-stop:
				return
			}
		}
	}()
	s.resumed = func() { close(stop); <-stopped }
	return tea.Suspend
}
