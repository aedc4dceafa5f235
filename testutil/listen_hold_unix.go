//go:build unix

package testutil

import (
	"io"
	"net/netip"
	"os"
	"syscall"
)

// holdAddr binds a socket to addr without listening, so that dialling addr is
// refused while neither another listener nor an outgoing connection can take
// its port. It answers nil when that cannot be had; the port may then be lost.
func holdAddr(addr string) io.Closer {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil
	}
	family, sockaddr := syscall.AF_INET6, syscall.Sockaddr(&syscall.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()})
	if at.Addr().Is4() {
		family, sockaddr = syscall.AF_INET, &syscall.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM, 0)
	if err != nil {
		return nil
	}
	syscall.CloseOnExec(fd)
	held := os.NewFile(uintptr(fd), "held "+addr)
	if syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1) != nil || shareAddr(uintptr(fd)) != nil || syscall.Bind(fd, sockaddr) != nil {
		_ = held.Close() // it was never in use
		return nil
	}
	return held
}
