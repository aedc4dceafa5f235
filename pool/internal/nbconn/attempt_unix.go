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
