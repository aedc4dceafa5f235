package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/watch"
)

// follow runs a source, and hands each event to take, until that reports false or an error,
// or the source ends, which is its error.
func follow(ctx context.Context, source watch.Source, take func(watch.Event) (more bool, err error)) error {
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	events, ended := make(chan watch.Event), make(chan error, 1)
	go func() {
		ended <- source.Run(within, func(e watch.Event) {
			select {
			case events <- e:
			case <-within.Done():
			}
		})
	}()
	for {
		select {
		case e := <-events:
			more, err := take(e)
			if err == nil && more {
				continue
			}
			cancel()
			if late := <-ended; err == nil && !errors.Is(late, context.Canceled) {
				err = late
			}
			return err
		case err := <-ended:
			return err
		}
	}
}

// showLines prints a line for each change, until ctx ends.
func (w *watcher) showLines(ctx context.Context, out io.Writer, m *watch.Model, source watch.Source) error {
	return follow(ctx, source, func(e watch.Event) (bool, error) {
		return true, w.print(out, m.Apply(e))
	})
}

// print writes changes. For people repeats become fewer and fewer lines.
func (w *watcher) print(out io.Writer, changes []watch.Change) error {
	for _, c := range changes {
		var err error
		switch {
		case w.json:
			err = writeJSON(out, c, "")
		case c.Due():
			_, err = fmt.Fprintln(out, c.Line())
		}
		if err != nil {
			return failed(err)
		}
	}
	return nil
}

// showOnce prints the servers as soon as each is known.
func (w *watcher) showOnce(ctx context.Context, out io.Writer, m *watch.Model, source watch.Source, ascii bool) error {
	err := follow(ctx, source, func(e watch.Event) (bool, error) {
		m.Apply(e)
		return !m.Complete(), nil
	})
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil && w.agent != "" {
		err = fmt.Errorf("the agent does not tell its state: %w", err)
	}
	if err != nil {
		return failed(err)
	}
	if w.json {
		err = w.print(out, m.Servers(time.Now()))
	} else {
		_, err = io.WriteString(out, m.Text(time.Now(), ascii))
	}
	switch {
	case err != nil:
		return failed(err)
	case m.Serves():
		return nil
	case w.agent != "":
		return failed(errors.New("the agent is not served"))
	}
	return failed(errors.New("no server answers"))
}
