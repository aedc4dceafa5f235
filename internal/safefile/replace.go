package safefile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace puts data in place of what is at path, with mode 0600: a crash leaves the old
// file or the new one, and when it returns nil the new one outlasts a crash of the machine.
// It blocks as long as the file system does. The error is an *Error, and then nothing new
// is left behind.
//
// A file of another user, and what is no regular file, is not replaced. A link stays, and
// the file that it leads to is replaced; unless that would let others choose the file: the
// link must be of this process's user or the superuser's, in a directory that not everybody
// can write, and what it leads to absent, empty, or a file that mine knows, by its content.
// limit is how many bytes mine is shown.
func Replace(path string, data []byte, limit int64, mine func(old []byte) bool) error {
	to, err := destination(path)
	if err == nil {
		err = replaceable(to, to != path, limit, mine)
	}
	if err == nil {
		err = replace(to, data)
	}
	return at("replaced", path, err)
}

// maxLinks bounds how many links lead to a file, one after the other.
const maxLinks = 16

// destination is the file that the links at path lead to; path if it is none.
func destination(path string) (string, error) {
	for range maxLinks {
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().Type() != fs.ModeSymlink {
			return path, nil
		}
		if err != nil {
			return "", err
		}
		dir, _ := filepath.Split(path)
		if err := followed(dir, info); err != nil {
			return "", err
		}
		to, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if path = to; !filepath.IsAbs(to) {
			path = dir + to // not cleaned: parts of it may be links
		}
	}
	return "", refusal{reason: "it is a link that leads to no end", advice: "give a file"}
}

// followed refuses a link that somebody else may have made.
func followed(dir string, link fs.FileInfo) error {
	const advice = "give the file that it leads to"
	if by := owner(link); by >= 0 && by != user() && by != superuser {
		return refusal{reason: fmt.Sprintf("it is a link of user %d, and this process runs as user %d", by, user()), advice: advice}
	}
	in, err := os.Stat(dir + ".")
	if err != nil {
		return err
	}
	if modes && in.Mode()&0o002 != 0 {
		return refusal{reason: "it is a link in a directory that everybody can write", advice: advice}
	}
	return nil
}

// replaceable refuses what is not to be overwritten.
func replaceable(path string, linked bool, limit int64, mine func([]byte) bool) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return notRegular(info.Mode())
	}
	if by := owner(info); by >= 0 && by != user() && by != superuser {
		return refusal{reason: fmt.Sprintf("it belongs to user %d, and this process runs as user %d", by, user()), advice: "remove it, or give another file"}
	}
	if !linked || info.Size() == 0 {
		return nil
	}
	old, err := Read(context.Background(), path, Rules{Limit: limit})
	if err != nil || !mine(old.Data) {
		return refusal{reason: "it is a link to a file with other content", advice: "remove one of them, or give another file"}
	}
	return nil
}

// replace writes data under another name and renames that.
func replace(path string, data []byte) (err error) {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	sweep(dir, base)
	f, err := temporary(dir, base)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync())
	if !renamedOpen {
		err = errors.Join(err, f.Close())
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if renamedOpen { // the lock is held until nobody can take the file for one left behind
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		_ = os.Remove(f.Name()) // it is there, unless the renaming was done
		return err
	}
	return settle(dir)
}
