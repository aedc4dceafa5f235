package terminalui

import (
	"context"
	"errors"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch"
	"github.com/open-nomad/rpcproxy/internal/contain"
)

// Config says where the screen is.
type Config struct {
	In, Out *os.File // of one terminal
	ASCII   bool     // nothing but ASCII is drawn
}

// ErrInterrupted is that the user has pressed Ctrl-C.
var ErrInterrupted = errors.New("interrupted at the keyboard")

// Messages to the screen.
type (
	tick   time.Time
	ending struct{ err error } // the source has ended, or ctx
)

// Run shows the model and what its source tells, until the user quits, which is no error, or
// ctx ends, or the source does. It leaves no goroutine behind.
func Run(ctx context.Context, cfg Config, m *watch.Model, source watch.Source) error {
	within, cancel := context.WithCancel(ctx)
	s := &screen{live: m, view: watch.Screen{ASCII: cfg.ASCII, Now: time.Now()}}
	program := tea.NewProgram(s, tea.WithInput(cfg.In), tea.WithOutput(cfg.Out),
		tea.WithoutSignalHandler(), tea.WithFPS(30))
	told, ticked := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(told)
		var err error
		p := contain.Call(func() {
			err = source.Run(within, func(e watch.Event) { program.Send(e) })
		})
		if p != nil {
			err = p
		}
		program.Send(ending{err})
	}()
	go func() {
		defer close(ticked)
		every := time.NewTicker(time.Second)
		defer every.Stop()
		for {
			select {
			case now := <-every.C:
				program.Send(tick(now))
			case <-within.Done():
				program.Send(ending{ctx.Err()})
				return
			}
		}
	}()
	_, err := program.Run()
	s.wake()
	cancel()
	<-told
	<-ticked
	switch {
	case err != nil && ctx.Err() == nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return s.err
}
