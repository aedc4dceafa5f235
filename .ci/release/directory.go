package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// sums is the file that makes a directory one of a release. It is there from the beginning, and empty until
// the release is finished.
const sums = "SHA256SUMS"

// DirectoryError is why a release is not made in a directory: what is there would be removed.
type DirectoryError struct {
	Path   string
	Reason string
}

func (e *DirectoryError) Error() string {
	return fmt.Sprintf("nothing is made in %q: it %s; name a new or an empty directory, or that of a former release (make release RELEASE=...)", e.Path, e.Reason)
}

// refuse is why to cannot become the directory of a release; nil: there is none, it is empty, or has a former
// release and nothing else. It changes nothing.
func refuse(to, repository string) error {
	refused := func(format string, args ...any) error {
		return &DirectoryError{Path: to, Reason: fmt.Sprintf(format, args...)}
	}
	there, err := os.Lstat(to)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return refused("cannot be looked at (%v)", err)
	case there.Mode()&fs.ModeSymlink != 0:
		return refused("is a link")
	case !there.IsDir():
		return refused("is not a directory")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = "/" // there is none: nothing more to guard
	}
	for _, kept := range []struct{ what, dir string }{{"the root directory", "/"}, {"the repository", repository}, {"the home directory", home}} {
		switch inside, err := within(there, kept.dir); {
		case err != nil:
			return refused("cannot be told from %s (%v)", kept.what, err)
		case inside == 0:
			return refused("is %s", kept.what)
		case inside > 0:
			return refused("has %s in it", kept.what)
		}
	}
	entries, err := os.ReadDir(to)
	if err != nil {
		return refused("cannot be read (%v)", err)
	}
	finds := false
	for _, entry := range entries {
		name := entry.Name()
		if !entry.Type().IsRegular() || name != sums && !strings.HasPrefix(name, "rpcproxy_") && !strings.HasPrefix(name, "rpcproxy-") {
			return refused("has %q, which no release makes", name)
		}
		finds = finds || name == sums
	}
	if len(entries) > 0 && !finds {
		return refused("has files and no %s, which every release has", sums)
	}
	return nil
}

// within is how many directories dir is below there: 0 where it is that one, -1 where it is not in it.
func within(there fs.FileInfo, dir string) (int, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return 0, err
	}
	if resolved, err := filepath.EvalSymlinks(dir); err == nil {
		dir = resolved
	}
	for depth := 0; ; depth++ {
		if at, err := os.Stat(dir); err == nil && os.SameFile(at, there) {
			return depth, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return -1, nil
		}
		dir = up
	}
}

// begin makes the directory, or removes the former release in it, file by file: never what is below. It is
// marked as one from then on.
func begin(to, repository string) error {
	if err := refuse(to, repository); err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(to)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(to, sums), nil, 0o644); err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == sums {
			continue
		}
		if err := os.Remove(filepath.Join(to, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}
