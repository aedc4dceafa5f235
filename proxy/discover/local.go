package discover

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy/internal/lastgood"
)

// Static finds the same addresses each time, as messages.ParseServer reads them.
type Static []string

// Discover returns a copy of the addresses. It does not fail.
func (s Static) Discover(context.Context) ([]string, error) { return slices.Clone(s), nil }

// Source is "static".
func (s Static) Source() string { return string(messages.SourceStatic) }

// File finds the servers that a proxy with this path as its Config.StateFile has saved
// last, also in another process.
type File string

// DamagedError reports that a file holds no list that a proxy has saved.
type DamagedError struct {
	Path   string
	Reason string
	Err    error // the cause; may be nil
}

func (e *DamagedError) Error() string { return (*lastgood.DamagedError)(e).Error() }

func (e *DamagedError) Unwrap() error { return e.Err }

// Discover reads the file, for 5 s at most. A file that does not exist holds no server,
// which is no error; one that is damaged is a *DamagedError and is not touched. What is no
// regular file, or a link to one, and what others than this process's user and the
// superuser may have written, is not read: the error says so.
func (f File) Discover(ctx context.Context) ([]string, error) {
	servers, err := lastgood.Load(ctx, string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if damaged, ok := errors.AsType[*lastgood.DamagedError](err); ok {
		return nil, (*DamagedError)(damaged)
	}
	return servers, err
}

// Source is "file".
func (f File) Source() string { return string(messages.SourceFile) }
