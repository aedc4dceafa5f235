package daemon

import (
	"fmt"
	"net"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/sidecarconf"
)

// SocketError reports a socket of the service manager that is of no use.
type SocketError struct {
	Name   string // of the socket unit
	Reason string
	Err    error // the cause; may be nil
}

// inherited are the sockets that systemd hands over; none if it has none.
func inherited(c *sidecarconf.Config) ([]net.Listener, error) {
	byName, err := activation.ListenersWithNames()
	if err != nil {
		return nil, &SocketError{Reason: notTaken, Err: err}
	}
	var all []net.Listener
	for name, listeners := range byName {
		for _, l := range listeners {
			if l != nil {
				all = append(all, l)
			}
			if err := usable(c, l); err != nil {
				err.Name = name
				closeAll(all)
				return nil, err
			}
		}
	}
	return all, nil
}

// usable checks a socket that came.
func usable(c *sidecarconf.Config, l net.Listener) *SocketError {
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return &SocketError{Reason: "is no listening TCP socket: give ListenStream= an address such as 127.0.0.1:4746"}
	}
	addr := tcp.Addr().String()
	if err := c.CheckListen(addr); err != nil {
		return &SocketError{Reason: fmt.Sprintf("listens on %s: %s: %s", addr, err.Reason, err.Advice), Err: err}
	}
	if strings.HasPrefix(addr, "[::]:") && c.Advertise == "" {
		return &SocketError{Reason: "listens on all addresses of this machine: give advertise, the one that agents are to use"}
	}
	return nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close() // it is given up
	}
}
