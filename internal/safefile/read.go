package safefile

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// Rules say what is read. The zero value reads nothing.
type Rules struct {
	// Limit is how many bytes a file may have.
	Limit int64
	// Own refuses a file that another user than this process's, or the
	// superuser, owns, and one that others can write.
	Own bool
	// Pipe reads a pipe to its end as well, for a file that a person names on a command
	// line: "<(command)" is one there.
	Pipe bool
}

// File is what was read.
type File struct {
	Data []byte // not nil
	mode fs.FileMode
}

// Public reports whether every user of the machine may read the file. It is false where
// files have no such mode.
func (f *File) Public() bool { return modes && f.mode&0o004 != 0 }

// Writable reports whether every user of the machine may write the file. It is false where
// files have no such mode.
func (f *File) Writable() bool { return modes && f.mode&0o002 != 0 }

// How long a file system may take, and whoever writes a pipe.
const (
	fileTime = 5 * time.Second
	pipeTime = 30 * time.Second
)

// Read reads a file. It blocks no longer than ctx, or 5 s (30 s for a pipe): a goroutine
// that a file system does not answer is left behind, and beyond 16 of them nothing is
// read. The error is an *Error; errors.Is finds the cause: fs.ErrNotExist, the context's.
func Read(ctx context.Context, path string, r Rules) (*File, error) {
	limit := fileTime
	if r.Pipe {
		limit = pipeTime
	}
	f, err := apart(ctx, limit, func() (*File, error) { return read(path, r) })
	return f, at("read", path, err)
}

func read(path string, r Rules) (*File, error) {
	f, info, err := open(path, r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	tooLarge := func(size string) error {
		return refusal{reason: fmt.Sprintf("it has %s bytes, and %d are the most", size, r.Limit), advice: "is it the right file?", cause: ErrTooLarge}
	}
	if info.Size() > r.Limit {
		return nil, tooLarge(fmt.Sprint(info.Size()))
	}
	data, err := io.ReadAll(io.LimitReader(f, r.Limit+1)) // it may grow meanwhile
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > r.Limit {
		return nil, tooLarge("more")
	}
	return &File{Data: data, mode: info.Mode()}, nil
}

// open opens a file that may be read. What counts is what was opened. The look before it
// is there because to open a device does something, and to open a pipe wakes its writer.
func open(path string, r Rules) (*os.File, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err == nil {
		err = r.kind(info)
	}
	if err != nil {
		return nil, nil, err
	}
	flags := notBlocking
	if info.Mode().Type() == fs.ModeNamedPipe {
		flags = 0 // wait for who writes it
	}
	f, err := os.OpenFile(path, os.O_RDONLY|flags, 0)
	if err != nil {
		return nil, nil, err
	}
	if info, err = f.Stat(); err == nil {
		err = r.kind(info)
	}
	if err == nil {
		err = ofKernel(f)
	}
	if err == nil && r.Own {
		err = owned(info)
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// kind refuses what is no file to read.
func (r *Rules) kind(info fs.FileInfo) error {
	mode := info.Mode()
	if mode.IsRegular() || r.Pipe && mode.Type() == fs.ModeNamedPipe {
		return nil
	}
	return notRegular(mode)
}

// notRegular names what is no regular file.
func notRegular(mode fs.FileMode) error {
	what := "not a regular file"
	switch {
	case mode.IsDir():
		what = "a directory"
	case mode&fs.ModeNamedPipe != 0:
		what = "a pipe"
	case mode&fs.ModeSocket != 0:
		what = "a socket"
	case mode&fs.ModeDevice != 0:
		what = "a device"
	}
	return refusal{reason: "it is " + what, advice: "give a regular file, or a link to one"}
}

// owned refuses a file that somebody else may have written.
func owned(info fs.FileInfo) error {
	switch by := owner(info); {
	case by >= 0 && by != user() && by != superuser:
		return refusal{reason: fmt.Sprintf("it belongs to user %d, and this process runs as user %d", by, user()), advice: "remove it, or give it to this user"}
	case modes && info.Mode()&0o022 != 0:
		return refusal{reason: fmt.Sprintf("others can write it (mode %04o)", info.Mode().Perm()), advice: "remove it, or set its mode to 0600"}
	}
	return nil
}
