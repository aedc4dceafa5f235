package safefile

import (
	"errors"
	"os"
	"syscall"
)

// The file systems whose files the kernel makes up while they are read:
// https://man7.org/linux/man-pages/man2/statfs.2.html
var made = map[uint32]string{
	0x9fa0:     "proc",
	0x62656572: "sysfs",
	0x64626720: "debugfs",
	0x74726163: "tracefs",
	0x73636673: "securityfs",
	0x27e0eb:   "cgroup",
	0x63677270: "cgroup2",
	0xcafe4a11: "bpf",
	0xde5e81e4: "efivarfs",
	0x6e736673: "nsfs",
}

// ofKernel refuses a file that only looks like a regular one: to read it may wait, never
// end, or do something.
func ofKernel(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var at syscall.Statfs_t
	var failed error
	err = raw.Control(func(fd uintptr) {
		for failed = syscall.EINTR; failed == syscall.EINTR; { //nolint:errorlint // a bare number
			failed = syscall.Fstatfs(int(fd), &at)
		}
	})
	if err = errors.Join(err, failed); err != nil {
		return err
	}
	if name, is := made[uint32(at.Type)]; is {
		return refusal{reason: "it is a file that the kernel makes (" + name + ")", advice: "give a file on a disk"}
	}
	return nil
}
