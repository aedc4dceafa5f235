package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
	"github.com/open-nomad/rpcproxy/internal/safefile"
)

// piped reads the file that a flag names, if it is a pipe: a person who writes "<(command)"
// wants its output, once. Other files are for the library to read; of these the text is
// empty. It waits 30 s at most.
func piped(ctx context.Context, flag, path string, limit int64) (string, error) {
	info, err := os.Stat(path)
	if err != nil || info.Mode().Type() != fs.ModeNamedPipe {
		return "", nil //nolint:nilerr // the library will say it, in its own words
	}
	text, err := readNamed(ctx, flag, path, limit)
	if err == nil && len(text) == 0 {
		err = fmt.Errorf("--%s: %s is an empty pipe: did its command fail?", flag, printable.Quote(path, printable.MaxText))
	}
	return string(text), err
}

// readNamed reads the file that a flag names, a regular one or a pipe, of at most so many
// bytes. It waits 5 s at most, for a pipe 30 s.
func readNamed(ctx context.Context, flag, path string, limit int64) ([]byte, error) {
	f, err := safefile.Read(ctx, path, safefile.Rules{Limit: limit, Pipe: true})
	switch {
	case ctx.Err() != nil:
		return nil, errInterrupted
	case err != nil:
		return nil, fmt.Errorf("--%s: %w", flag, err)
	}
	return f.Data, nil
}

// readStandard reads standard input to its end, for a flag, of at most so many bytes.
func readStandard(ctx context.Context, flag string, stdin io.Reader, limit int64) ([]byte, error) {
	type input struct {
		text []byte
		err  error
	}
	read := make(chan input, 1)
	go func() { // a terminal has no end until its user says so
		text, err := io.ReadAll(io.LimitReader(stdin, limit+1))
		read <- input{text, err}
	}()
	select {
	case in := <-read:
		switch {
		case in.err != nil:
			return nil, fmt.Errorf("--%s: standard input cannot be read: %w", flag, contain.Error(in.err))
		case int64(len(in.text)) > limit:
			return nil, fmt.Errorf("--%s: standard input is larger than %d bytes", flag, limit)
		}
		return in.text, nil
	case <-ctx.Done():
		return nil, errInterrupted
	}
}
