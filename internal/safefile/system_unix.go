//go:build unix

package safefile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

const (
	modes       = true // files have an owner and bits for others
	superuser   = 0
	renamedOpen = true // a file that is open can be renamed and removed

	notBlocking = syscall.O_NONBLOCK | syscall.O_NOCTTY
	notLink     = syscall.O_NOFOLLOW
)

// user is whom this process acts for.
func user() int { return os.Geteuid() }

// owner is whose file it is; negative: that cannot be known.
func owner(info fs.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid)
	}
	return -1
}

// settle makes a renaming in dir outlast a crash of the machine.
func settle(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
