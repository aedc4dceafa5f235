package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"

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
	f, err := safefile.Read(ctx, path, safefile.Rules{Limit: limit, Pipe: true})
	switch {
	case ctx.Err() != nil:
		return "", errInterrupted
	case err != nil:
		return "", fmt.Errorf("--%s: %w", flag, err)
	case len(f.Data) == 0:
		return "", fmt.Errorf("--%s: %s is an empty pipe: did its command fail?", flag, printable.Quote(path, printable.MaxText))
	}
	return string(f.Data), nil
}
