package status

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/internal/printable"
)

// AddrError reports an address that Listen does not listen at.
type AddrError struct {
	Addr   string
	Reason string
	Err    error // the cause; may be nil
}

func (e *AddrError) Error() string {
	text := "status: the address " + printable.Quote(e.Addr, printable.MaxName) + " " + printable.Text(e.Reason)
	if e.Err != nil {
		text += ": " + contain.Text(e.Err)
	}
	return text
}

func (e *AddrError) Unwrap() error { return e.Err }

const (
	unixPrefix = "unix:"
	advice     = "give a loopback address such as 127.0.0.1:4748, or unix:/path"
)

// CheckAddr reports whether Listen could listen at addr, as far as that can be seen without doing
// so. The error is an *AddrError.
func CheckAddr(addr string) error {
	if path, unix := strings.CutPrefix(addr, unixPrefix); unix {
		if path == "" || strings.HasPrefix(path, "@") || strings.ContainsRune(path, 0) {
			return &AddrError{Addr: addr, Reason: "has no path: give unix: and the path of the socket, such as unix:/run/rpcproxy/status"}
		}
		return nil
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return &AddrError{Addr: addr, Reason: "is none: " + advice, Err: err}
	}
	if _, err := net.LookupPort("tcp", port); err != nil || port == "" {
		return &AddrError{Addr: addr, Reason: "has no port: " + advice, Err: err}
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() || strings.EqualFold(host, "localhost") {
		return nil
	}
	return &AddrError{Addr: addr, Reason: "can be reached from other machines, and nobody is asked for a password there: " + advice}
}

// Listen listens for HTTP at a loopback address, host:port, or at a Unix socket, unix: and a path.
// The socket is for the user and the group of the process; one that nobody listens at any more is
// replaced. The error is an *AddrError.
func Listen(addr string) (net.Listener, error) {
	if err := CheckAddr(addr); err != nil {
		return nil, err
	}
	if path, unix := strings.CutPrefix(addr, unixPrefix); unix {
		return listenUnix(addr, path)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, &AddrError{Addr: addr, Reason: "cannot be listened at", Err: err}
	}
	if at, ok := l.Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() { // whatever localhost is here
		_ = l.Close()
		return nil, &AddrError{Addr: addr, Reason: fmt.Sprintf("is %s here: %s", l.Addr(), advice)}
	}
	return l, nil
}

// socketMode lets the user and the group of the process connect.
const socketMode = 0o660

// listenUnix makes the socket under another name first: nobody finds it under its own before its
// mode is right.
func listenUnix(addr, path string) (net.Listener, error) {
	failed := func(err error) (net.Listener, error) {
		return nil, &AddrError{Addr: addr, Reason: "cannot be listened at", Err: err}
	}
	if err := vacant(path); err != nil {
		return failed(err)
	}
	made := path + ".new"
	if info, err := os.Lstat(made); err == nil && info.Mode().Type() == fs.ModeSocket {
		_ = os.Remove(made) // of a process that has died; if not, Listen fails
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: made, Net: "unix"})
	if err != nil {
		return failed(err)
	}
	l.SetUnlinkOnClose(false) // it has another name then
	if err = os.Chmod(made, socketMode); err == nil {
		err = os.Rename(made, path)
	}
	var own fs.FileInfo
	if err == nil {
		own, err = os.Lstat(path)
	}
	if err != nil {
		_ = l.Close()
		_ = os.Remove(made)
		return failed(err)
	}
	return &unixListener{UnixListener: l, path: path, own: own}, nil
}

// vacant reports why there is no room for a socket at path.
func vacant(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New("there is a file that is no socket: remove it, or give another path")
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return nil // nobody listens
	}
	_ = conn.Close()
	return errors.New("another process listens there: give another path")
}

// unixListener is a listener whose socket was renamed.
type unixListener struct {
	*net.UnixListener
	path   string
	own    fs.FileInfo // the socket
	closed atomic.Bool
}

func (l *unixListener) Addr() net.Addr { return &net.UnixAddr{Name: l.path, Net: "unix"} }

// Close removes the socket, unless another one stands there by now, and closes the listener. It
// does so in this order: once nobody listens any more, another process may put its own there.
func (l *unixListener) Close() error {
	if l.closed.CompareAndSwap(false, true) {
		if there, err := os.Lstat(l.path); err == nil && os.SameFile(l.own, there) {
			_ = os.Remove(l.path)
		}
	}
	return l.UnixListener.Close()
}

// URL is how a listener's address is written for a browser; for a Unix socket, which browsers do
// not open, as the address that Listen was given.
func URL(addr net.Addr) string {
	if addr.Network() == "unix" {
		return unixPrefix + addr.String()
	}
	return "http://" + addr.String() + "/"
}
