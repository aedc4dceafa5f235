package pool_test

import (
	"context"
	"io"
	"net"
	"runtime"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
)

func TestAResolverOfTheAgentsThatPanicsIsALookupThatFails(t *testing.T) {
	dead, err := net.ListenPacket("udp", "127.0.0.1:0")
	noError(t, err)
	defer dead.Close()
	dialed := func(c agentsConn) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, _, _ string) (conn net.Conn, err error) {
			own := c
			own.Conn, err = new(net.Dialer).DialContext(ctx, "udp", dead.LocalAddr().String())
			return &own, err
		}
	}
	for name, dial := range map[string]func(context.Context, string, string) (net.Conn, error){
		"Dial panics":       func(context.Context, string, string) (net.Conn, error) { panic("in Dial") },
		"Write panics":      dialed(agentsConn{write: func([]byte) (int, error) { panic("in Write") }}),
		"Read exits":        dialed(agentsConn{read: func([]byte) (int, error) { runtime.Goexit(); return 0, nil }}),
		"RemoteAddr panics": dialed(agentsConn{addr: func() net.Addr { panic("in RemoteAddr") }, write: func([]byte) (int, error) { return 0, io.EOF }}),
	} {
		t.Run(name, func(t *testing.T) {
			p := newPool(t, pool.Config{Resolver: &net.Resolver{PreferGo: true, Dial: dial}})
			if _, err := p.Ping(within(t), "nowhere.example:4647"); err == nil {
				t.Error("it answers")
			}
			if p.Stats().Panics == 0 || p.Err() != nil {
				t.Errorf("%d, %v", p.Stats().Panics, p.Err())
			}
		})
	}
}

// agentsPackets is a connection of the agent's own type that carries packets.
type agentsPackets struct{ *net.UDPConn }

func TestAResolverOfTheAgentsMayHavePacketsOfItsOwnType(t *testing.T) {
	s := startServer(t)
	names := startDNS(t)
	names.points("127.0.0.1")
	p := newPool(t, pool.Config{Resolver: &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, names.Addr())
		if udp, is := c.(*net.UDPConn); is {
			return agentsPackets{udp}, err
		}
		return c, err
	}}})
	ping(t, p, at(s.Addr()))
}
