package dialing

import (
	"errors"
	"net"
	"net/netip"
	"testing"
)

// ends is a connection with two addresses.
type ends struct {
	net.Conn
	here, there net.Addr
}

func (e ends) LocalAddr() net.Addr  { return e.here }
func (e ends) RemoteAddr() net.Addr { return e.there }

func TestConnectionsToThisProcessAreRefused(t *testing.T) {
	tcp := func(at string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(at)) }
	const own, all, all6, other = "127.0.0.1:4746", "0.0.0.0:4747", "[::]:4748", "10.0.0.1:4749"
	var addrs []netip.AddrPort
	for _, text := range []string{own, all, all6, other} {
		addrs = append(addrs, netip.MustParseAddrPort(text))
	}
	for _, row := range []struct {
		addr, here, there string
		refused           bool
	}{
		{"localhost:4746", "127.0.0.1:5000", own, true},
		{own, "127.0.0.1:5000", "[::ffff:127.0.0.1]:4746", true},
		{"127.0.0.2:4746", "127.0.0.1:5000", "127.0.0.2:4746", false},
		{"127.0.0.1:4646", "127.0.0.1:5000", "127.0.0.1:4646", false},
		{"n:4747", "127.0.0.1:5000", "127.0.0.2:4747", true},
		{"n:4747", "10.0.0.7:5000", "10.0.0.7:4747", true},
		{"n:4747", "10.0.0.7:5000", "10.0.0.8:4747", false},
		{"n:4748", "[fe80::1%eth0]:5000", "[fe80::1%eth0]:4748", true},
		{"n:4748", "[::1]:5000", "[::1]:4748", true},
		{"n:4749", "10.0.0.7:5000", other, true},
	} {
		err := RefuseOwn(ends{here: tcp(row.here), there: tcp(row.there)}, row.addr, addrs)
		refused, ok := errors.AsType[*RefusedError](err)
		if ok != row.refused || ok && (refused.Host == "") != (row.addr == own) {
			t.Errorf("%+v: %v", row, err)
		}
	}
	for addr, host := range map[string]string{own: "", "n:4746": "n"} {
		err := RefuseSidecar(ends{there: tcp(own)}, addr)
		if refused, ok := errors.AsType[*RefusedError](err); !ok || refused.Host != host || refused.IP.String() != "127.0.0.1" {
			t.Errorf("%s: %v", addr, err)
		}
	}
	unix := ends{here: &net.UnixAddr{}, there: &net.UnixAddr{}}
	if err := RefuseOwn(unix, "n:0", append(addrs, netip.MustParseAddrPort("0.0.0.0:0"))); err != nil {
		t.Error(err)
	}
}
