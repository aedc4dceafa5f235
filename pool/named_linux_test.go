package pool_test

import (
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// startHole makes host silent on the port of s, where a server of the test's refuses,
// as a host that is off is: the kernel drops what is sent there, because no process
// accepts and the queue is full.
func startHole(t *testing.T, host [4]byte, s *testutil.Server) {
	t.Helper()
	_, port, _ := net.SplitHostPort(s.Addr())
	n, err := strconv.Atoi(port)
	noError(t, err)
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	noError(t, err)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	noError(t, syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1))
	noError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Port: n, Addr: host}))
	noError(t, syscall.Listen(fd, 0))
	d := net.Dialer{Timeout: 100 * time.Millisecond}
	for range 50 {
		c, err := d.Dial("tcp", net.JoinHostPort(net.IP(host[:]).String(), port))
		if err != nil {
			return // full
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Fatal("the queue does not fill up")
}

func TestAnAddressThatDropsEverythingIsLeftForTheNextOne(t *testing.T) {
	t.Parallel()
	n := startDNS(t)
	twins := startTwins(t, testutil.ServerConfig{}, "127.0.0.1", "127.0.0.2")
	s := twins[0]
	twins[1].Refuse() // and keeps the port from everybody else
	startHole(t, [4]byte{127, 0, 0, 2}, s)
	for _, order := range [][]string{{"127.0.0.2", "127.0.0.1"}, {"127.0.0.1", "127.0.0.2"}} {
		n.points(order...)
		p := newPool(t, pool.Config{Resolver: n.Resolver(), DialTimeout: patience})
		begin := time.Now()
		ping(t, p, at(s.Addr()))
		if took := time.Since(begin); took > patience/4 {
			t.Errorf("after %v", took)
		}
		if st := p.Stats(); st.Sessions != 1 || st.Dials != 1 {
			t.Errorf("%+v", st)
		}
	}
}
