//go:build linux && (amd64 || arm64)

package testutil

import "syscall"

// reusePort is SO_REUSEPORT, which package syscall does not name on all of these.
const reusePort = 0xf

// shareAddr lets a second socket of this program be bound to the address while the
// first one listens there. It is not taken by chance:
// neither an outgoing connection nor a listener that wants any free port is given
// one that is bound.
func shareAddr(fd uintptr) error {
	return syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, reusePort, 1)
}
