package admit

import (
	"errors"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ownersKnown is whether the owner of a socket can be asked for.
const ownersKnown = true

// Advice for what an operator may meet.
const (
	adviceKernel = "the kernel needs tcp_diag (modprobe tcp_diag), and a sandbox must permit AF_NETLINK; else set up TLS with client certificates for agents, or accept every user with " + allowAny
	adviceSpace  = "let the listening socket, this process and the agent share one network namespace"
)

// lookUp is the uid of the socket at the other end of conn. The peer's socket is asked for
// first and this side's after it: while this side's is there no other connection can have
// the addresses, so they meant this one at the first question too.
func lookUp(conn net.Conn) (uint32, *RefusedError) {
	tcp, ok := underneath(conn).(*net.TCPConn)
	if !ok {
		return 0, &RefusedError{Reason: reasonNoTCP}
	}
	here, okHere := tcp.LocalAddr().(*net.TCPAddr)
	there, okThere := tcp.RemoteAddr().(*net.TCPAddr)
	if !okHere || !okThere {
		return 0, &RefusedError{Reason: reasonNoTCP}
	}
	inode, err := inodeOf(tcp)
	if err != nil {
		return 0, &RefusedError{Reason: reasonGone, Err: err}
	}
	kernel, err := openDiag(time.Now().Add(lookupTime))
	if err != nil {
		return 0, &RefusedError{Reason: reasonKernel, Err: err, Advice: adviceKernel}
	}
	defer kernel.close()
	theirs, errTheirs := kernel.find(there, here)
	ours, errOurs := kernel.find(here, there)
	switch {
	case errTheirs == nil && errOurs == nil && ours.inode != inode:
		return 0, &RefusedError{Reason: reasonForeign, Advice: adviceSpace}
	case errTheirs == nil && errOurs == nil && theirs.owned():
		return theirs.uid, nil
	case errors.Is(errOurs, unix.ENOENT) && connected(tcp):
		// This connection is alive and not listed.
		return 0, &RefusedError{Reason: reasonForeign, Advice: adviceSpace + "; " + adviceKernel}
	}
	for _, err := range []error{errTheirs, errOurs} {
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return 0, &RefusedError{Reason: reasonKernel, Err: err, Advice: adviceKernel}
		}
	}
	return 0, &RefusedError{Reason: reasonGone}
}

// underneath is the connection below TLS and its like.
func underneath(conn net.Conn) net.Conn {
	for range 4 {
		above, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = above.NetConn()
	}
	return conn
}

// inodeOf is the inode of a connection's socket, as the kernel lists it.
func inodeOf(conn syscall.Conn) (uint32, error) {
	var about unix.Stat_t
	err := onDescriptor(conn, func(fd int) error { return unix.Fstat(fd, &about) })
	return uint32(about.Ino), err
}

// connected reports whether this side's socket is still part of a connection.
func connected(conn syscall.Conn) bool {
	var info *unix.TCPInfo
	err := onDescriptor(conn, func(fd int) (err error) {
		info, err = unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		return err
	})
	return err == nil && info.State != unix.BPF_TCP_CLOSE
}

func onDescriptor(conn syscall.Conn, do func(fd int) error) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = do(int(fd)) }); err != nil {
		return err
	}
	return failed
}
