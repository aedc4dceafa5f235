package safefile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// temporary makes a file beside base, mode 0600, and locks it, so that nobody takes it for
// one left behind.
func temporary(dir, base string) (*os.File, error) {
	for range 3 {
		f, err := os.CreateTemp(dir, prefix(base)+"*")
		if err != nil {
			return nil, err
		}
		if lock(f) != errLocked { //nolint:errorlint // the very value; where there are no locks, nobody sweeps
			made, err := f.Stat()
			if is, look := os.Lstat(f.Name()); err == nil && look == nil && os.SameFile(made, is) {
				return f, nil
			}
		}
		_ = f.Close() // swept before it was locked
	}
	return nil, refusal{reason: "files beside it are removed as soon as they are made", advice: "give another directory"}
}

// prefix is how the names of temporary files for base begin; digits follow. It leaves them
// room: a name has 255 bytes in most file systems.
func prefix(base string) string { return "." + base[:min(len(base), 240)] + "." }

// errLocked means that another process, or this one, has locked the file.
var errLocked = errors.New("locked")

// maxSwept bounds how many names of a directory are looked at.
const maxSwept = 10_000

// sweep removes temporary files that a process has left that was killed. Those that are
// being written are locked.
func sweep(dir, base string) {
	d, err := os.Open(dir)
	if err != nil {
		return // the caller will see it
	}
	defer func() { _ = d.Close() }()
	for range maxSwept / 100 {
		names, err := d.Readdirnames(100)
		for _, name := range names {
			if rest, is := strings.CutPrefix(name, prefix(base)); is && rest != "" && strings.Trim(rest, "0123456789") == "" {
				remove(filepath.Join(dir, name))
			}
		}
		if err != nil || len(names) == 0 {
			return // io.EOF, or the caller will see it
		}
	}
}

// remove removes a file that is this user's and that nobody has locked.
func remove(path string) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || owner(info) >= 0 && owner(info) != user() {
		return
	}
	f, err := os.OpenFile(path, os.O_RDWR|notBlocking|notLink, 0)
	if err != nil {
		return
	}
	defer io.Closer(f).Close()
	if opened, err := f.Stat(); err != nil || !os.SameFile(info, opened) || lock(f) != nil {
		return
	}
	if !renamedOpen {
		_ = f.Close()
	}
	_ = os.Remove(path)
}
