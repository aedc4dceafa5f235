package dialing

import (
	"net"
	"net/netip"
)

// RefuseOwn is why a connection to the server addr is not used: it leads to one of the own
// addresses, at which this process serves others, so that what it asks would come back to it.
func RefuseOwn(conn net.Conn, addr string, own []netip.AddrPort) error {
	if len(own) == 0 {
		return nil
	}
	there, here := endOf(conn.RemoteAddr()), endOf(conn.LocalAddr())
	if !there.IsValid() {
		return nil
	}
	for _, at := range own {
		ip := at.Addr().Unmap()
		local := ip.IsUnspecified() && (there.Addr().IsLoopback() || there.Addr() == here.Addr())
		if at.Port() != there.Port() || !local && ip != there.Addr() {
			continue
		}
		return refuse(there, addr, "this process itself serves agents there: give the addresses of the cluster's servers")
	}
	return nil
}

// RefuseSidecar is why a connection to the server addr, which is a sidecar, is not used by
// another one.
func RefuseSidecar(conn net.Conn, addr string) error {
	return refuse(endOf(conn.RemoteAddr()), addr, "a sidecar serves agents there, and is no server of this one: give the addresses of the cluster's servers")
}

// refuse makes the error for the server addr, to which a connection led there.
func refuse(there netip.AddrPort, addr, reason string) error {
	host, _, _ := net.SplitHostPort(addr) // empty where it is none
	if _, err := netip.ParseAddr(host); err == nil {
		host = ""
	}
	return &RefusedError{Host: host, IP: there.Addr(), Reason: reason}
}

// endOf is one end of a TCP connection; not valid for any other.
func endOf(addr net.Addr) netip.AddrPort {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	at := tcp.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
}
