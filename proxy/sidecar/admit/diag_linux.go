package admit

import (
	"encoding/binary"
	"fmt"
	"net"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// diag asks the kernel about sockets. It must be closed.
type diag struct{ conn *netlink.Conn }

// openDiag opens the way to the kernel until a time.
func openDiag(until time.Time) (diag, error) {
	conn, err := netlink.Dial(unix.NETLINK_INET_DIAG, nil)
	if err != nil {
		return diag{}, err
	}
	if err := conn.SetDeadline(until); err != nil {
		_ = conn.Close()
		return diag{}, err
	}
	return diag{conn}, nil
}

func (d diag) close() { _ = d.conn.Close() } // nothing is lost with it

// socket is what the kernel says of one.
type socket struct {
	state      uint8
	uid, inode uint32
}

// owned reports whether a socket is connected, and a file belongs to it. Of one without, many
// kernels name root as the owner, whoever had it.
func (s socket) owned() bool {
	switch s.state {
	case unix.BPF_TCP_ESTABLISHED, unix.BPF_TCP_FIN_WAIT1, unix.BPF_TCP_FIN_WAIT2: // the latter: it has sent all, and reads on
		return s.inode != 0
	}
	return false
}

// The layout of struct inet_diag_req_v2 and struct inet_diag_msg, of linux/inet_diag.h.
// Both hold a struct inet_diag_sockid.
const (
	sockidSize = 48 // ports, addresses, interface, cookie
	reqSize    = 8 + sockidSize
	reqID      = 8
	msgSize    = 4 + sockidSize + 20
	msgState   = 1
	msgID      = 4
	msgUID     = msgID + sockidSize + 12
	msgInode   = msgUID + 4

	allStates = 0xffffffff
	noCookie  = 0xffffffff
)

// find asks for the connected TCP socket with these addresses. It is one lookup in the
// kernel's hash table, not a walk through it. The error is ENOENT where there is none.
//
// A connection over IPv4 is found by its IPv4 addresses, of whichever family its socket is.
func (d diag) find(own, other *net.TCPAddr) (socket, error) {
	request := netlink.Message{
		Header: netlink.Header{Type: unix.SOCK_DIAG_BY_FAMILY, Flags: netlink.Request},
		Data:   make([]byte, reqSize),
	}
	id := appendID(request.Data[reqID:reqID], own, other)
	family := uint8(unix.AF_INET6)
	if own.IP.To4() != nil {
		family = unix.AF_INET
	}
	request.Data[0], request.Data[1] = family, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(request.Data[4:], allStates)
	replies, err := d.conn.Execute(request)
	if err != nil {
		return socket{}, err
	}
	if len(replies) != 1 || len(replies[0].Data) < msgSize {
		return socket{}, fmt.Errorf("%d messages came back, or a short one", len(replies))
	}
	reply := replies[0].Data
	if got := reply[msgID:]; string(got[:4]) != string(id[:4]) {
		return socket{}, unix.ENOENT // a listener
	}
	return socket{
		state: reply[msgState],
		uid:   binary.NativeEndian.Uint32(reply[msgUID:]),
		inode: binary.NativeEndian.Uint32(reply[msgInode:]),
	}, nil
}

// appendID appends a struct inet_diag_sockid.
func appendID(b []byte, own, other *net.TCPAddr) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(own.Port))
	b = binary.BigEndian.AppendUint16(b, uint16(other.Port))
	for _, ip := range []net.IP{own.IP, other.IP} {
		var addr [16]byte
		if v4 := ip.To4(); v4 != nil {
			ip = v4
		}
		copy(addr[:], ip)
		b = append(b, addr[:]...)
	}
	b = binary.NativeEndian.AppendUint32(b, 0) // any interface
	b = binary.NativeEndian.AppendUint32(b, noCookie)
	return binary.NativeEndian.AppendUint32(b, noCookie)
}
