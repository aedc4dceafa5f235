package admit

import (
	"errors"
	"net"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/open-nomad/rpcproxy/testutil"
)

// pair is a connection in another network namespace.
type pair struct {
	ln          net.Listener
	here, there net.Conn
	err         error
}

// abroad makes a connection in a network namespace of its own, from port to port on
// loopback.
func abroad(t *testing.T, from, to *net.TCPAddr) pair {
	t.Helper()
	made := make(chan pair)
	go func() {
		runtime.LockOSThread() // it stays in there, and ends with this goroutine
		var p pair
		defer func() { made <- p }()
		if p.err = unix.Unshare(unix.CLONE_NEWNET); p.err != nil {
			return
		}
		if p.err = loopbackUp(); p.err != nil {
			return
		}
		if p.ln, p.err = net.ListenTCP("tcp4", to); p.err != nil {
			return
		}
		if p.there, p.err = net.DialTCP("tcp4", from, p.ln.Addr().(*net.TCPAddr)); p.err != nil {
			return
		}
		p.here, p.err = p.ln.Accept()
	}()
	p := <-made
	t.Cleanup(func() {
		for _, c := range []interface{ Close() error }{p.ln, p.here, p.there} {
			if c != nil {
				_ = c.Close()
			}
		}
	})
	if p.err != nil {
		t.Fatal(p.err)
	}
	return p
}

// loopbackUp makes loopback usable in the namespace of this thread.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}

// A listening socket may have been handed over from another namespace. There the same
// addresses mean another connection.
func TestAConnectionOfAnotherNetworkNamespaceIsRefused(t *testing.T) {
	testutil.NeedRoot(t, "becomes another user")
	loopback := net.IPv4(127, 0, 0, 1)
	p := abroad(t, &net.TCPAddr{IP: loopback}, &net.TCPAddr{IP: loopback})
	g := New(Policy{})
	check := func(when string) {
		t.Helper()
		err := g.Admit(p.here)
		if refused, ok := errors.AsType[*RefusedError](err); !ok || refused.Key() != reasonForeign {
			t.Errorf("%s: %v", when, err)
		}
	}
	check("alone")

	// One of root with the same four numbers in this namespace.
	ln := listening(t, "tcp4", p.ln.Addr().String())
	same, err := net.DialTCP("tcp4", p.there.LocalAddr().(*net.TCPAddr), ln.Addr().(*net.TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = same.Close() }()
	here := accepted(t, ln)
	if err := g.Admit(here); err != nil {
		t.Error(err)
	}
	check("beside one with the same addresses here")
}
