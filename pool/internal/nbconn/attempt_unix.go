//go:build unix && !blockingwrites

package nbconn

import (
	"os"
	"syscall"
)

// canAttempt reports whether a write can be tried without waiting.
const canAttempt = true

// attempt writes the part of b that fd takes at once.
func attempt(fd uintptr, b []byte) (int, error) {
	for {
		n, err := syscall.Write(int(fd), b)
		switch err {
		case nil:
			return n, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, nil
		default:
			return 0, os.NewSyscallError("write", err)
		}
	}
}

// attemptRead reads what has come in on fd. done is false where nothing has: n is 0 then, as
// at the end.
func attemptRead(fd uintptr, b []byte) (n int, done bool, err error) {
	for {
		n, err := syscall.Read(int(fd), b)
		switch err {
		case nil:
			return n, true, nil
		case syscall.EINTR:
		case syscall.EAGAIN:
			return 0, false, nil
		default:
			return 0, true, os.NewSyscallError("read", err)
		}
	}
}
