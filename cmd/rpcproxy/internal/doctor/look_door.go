package doctor

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
)

// find resolves the server's name.
func (x *examiner) find(ctx context.Context, seen *Seen) {
	host, port, err := net.SplitHostPort(seen.Server)
	if err != nil {
		seen.Lookup = Fault{Kind: LookupFailed, Text: contain.Text(err)}
		return
	}
	if literal(host) {
		seen.Literal, seen.Routes = true, []Route{{Addr: seen.Server}}
		return
	}
	ctx, stop := context.WithTimeout(ctx, x.cfg.nameLimit())
	defer stop()
	resolver := x.cfg.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	addrs, err := resolver.LookupHost(ctx, host)
	if err != nil {
		seen.Lookup = lookupFault(ctx, err)
		return
	}
	for _, addr := range addrs[:min(len(addrs), maxRoutes)] {
		seen.Routes = append(seen.Routes, Route{Addr: net.JoinHostPort(addr, port)})
	}
}

// maxRoutes bounds the addresses of a name that are tried: as many as the pool tries.
const maxRoutes = 16

// connect connects to all addresses at the same time. It returns the connection to the first
// of them that took one, and nil if none did.
func (x *examiner) connect(ctx context.Context, seen *Seen) net.Conn {
	ctx, stop := context.WithTimeout(ctx, x.cfg.connectLimit())
	defer stop()
	conns := make([]net.Conn, len(seen.Routes))
	var dials sync.WaitGroup
	for i := range seen.Routes {
		dials.Go(func() { conns[i] = x.dial(ctx, &seen.Routes[i]) })
	}
	dials.Wait()
	var first net.Conn
	for _, c := range conns {
		switch {
		case first == nil:
			first = c
		case c != nil:
			_ = c.Close()
		}
	}
	return first
}

// dial connects to one address, and returns nil if that fails.
func (x *examiner) dial(ctx context.Context, r *Route) net.Conn {
	begun := time.Now()
	c, err := x.dialer(ctx, "tcp", r.Addr)
	r.Took = time.Since(begun)
	if err != nil {
		r.Fault = connectFault(ctx, err)
		return nil
	}
	return c
}

// hello is what a client begins with: the byte of yamux whose streams have bytes of their
// own, and a ping of yamux, version 0, type 2, with SYN and any value, which a server
// answers by itself (recording keepalive).
var hello = []byte{multiplexed, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7}

// The first bytes of connections, and of a frame of yamux.
const (
	secured     = 0x04
	multiplexed = 0x06
	frameLength = 12
	frameTypes  = 4
)

// enter tries the connection, closes it, and sets up a session if there is hope of one.
func (x *examiner) enter(ctx context.Context, conn net.Conn, seen *Seen) {
	route := conn.RemoteAddr().String()
	seen.Door = new(Door)
	*seen.Door, seen.Proof = x.knock(ctx, conn)
	if seen.Door.Silent {
		seen.Ping = Fault{Kind: Frozen}
		if x.web(ctx, route) {
			seen.Ping = Fault{Kind: WrongPort, Speaks: "HTTP"}
		}
		return
	}
	if seen.Door.Closed {
		seen.Door.Full = x.unprovoked(ctx, route)
	}
	if seen.Door.Full {
		seen.Ping = Fault{Kind: LimitReached}
		return
	}
	x.ping(ctx, seen)
	if seen.Ping.Kind != None && x.secure == nil && seen.Door.Closed {
		if seen.Proof = x.shown(ctx, route); seen.Proof != nil {
			seen.Ping = Fault{Kind: TLSWanted, Offered: seen.Proof.names()}
		}
	}
	if seen.Ping.Kind == TLSNotSpoken && !x.plain(ctx, route) {
		seen.Ping = Fault{Kind: HungUp, Text: seen.Ping.Text}
	}
}

// knock sends hello, over TLS if there is any, and closes the connection.
func (x *examiner) knock(ctx context.Context, conn net.Conn) (Door, *TLS) {
	ctx, stop := context.WithTimeout(ctx, x.cfg.doorLimit())
	defer stop()
	defer func() { _ = conn.Close() }()
	defer cut(ctx, conn)()
	var proof *TLS
	if x.secure != nil {
		over, shown, err := handshake(ctx, conn, x.secure)
		proof = shown
		if err != nil {
			return doorOf(nil, err, shown != nil), proof
		}
		conn = over
	}
	if _, err := conn.Write(hello); err != nil {
		return doorOf(nil, err, proof != nil), proof
	}
	first := make([]byte, frameLength)
	n, err := io.ReadFull(conn, first)
	return doorOf(first[:n], err, proof != nil), proof
}

// cut ends reading and writing on conn with ctx, until it is called off.
func cut(ctx context.Context, conn net.Conn) (off func() bool) {
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
}

// doorOf is what the first bytes, and an error behind them, say. heard is whether there was
// something before these.
func doorOf(first []byte, err error, heard bool) Door {
	late := errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
	heard = heard || len(first) > 0
	return Door{
		Yamux:  len(first) == frameLength && first[0] == 0 && first[1] < frameTypes,
		Silent: !heard && late,
		Closed: !heard && err != nil && !late,
	}
}

// unprovoked reports whether a server hangs up although nothing was sent to it.
func (x *examiner) unprovoked(ctx context.Context, route string) bool {
	return x.visit(ctx, route, x.cfg.unprovokedLimit(), func(ctx context.Context, conn net.Conn) bool {
		_, err := conn.Read(make([]byte, 1))
		return err != nil && ctx.Err() == nil
	})
}

// web reports whether a server speaks HTTP. Such a server waits for the end of a line, which
// hello has not.
func (x *examiner) web(ctx context.Context, route string) bool {
	return x.visit(ctx, route, x.cfg.doorLimit(), func(_ context.Context, conn net.Conn) bool {
		if _, err := io.WriteString(conn, "HEAD / HTTP/1.1\r\nHost: "+route+"\r\n\r\n"); err != nil {
			return false
		}
		first := make([]byte, len("HTTP/"))
		_, err := io.ReadFull(conn, first)
		return err == nil && string(first) == "HTTP/"
	})
}

// visit connects once more, and has look find something out on the connection, which ends with
// its ctx, after limit. It is false where nothing connects.
func (x *examiner) visit(ctx context.Context, route string, limit time.Duration, look func(context.Context, net.Conn) bool) bool {
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	conn, err := x.dialer(ctx, "tcp", route)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	defer cut(ctx, conn)()
	return look(ctx, conn)
}

// plain reports whether a server answers without TLS.
func (x *examiner) plain(ctx context.Context, route string) bool {
	conn, err := x.dialer(ctx, "tcp", route)
	if err != nil {
		return false
	}
	bare := examiner{cfg: x.cfg}
	door, _ := bare.knock(ctx, conn)
	return door.Yamux
}

// shown is what a server shows in a handshake; nil: nothing.
func (x *examiner) shown(ctx context.Context, route string) *TLS {
	ctx, stop := context.WithTimeout(ctx, x.cfg.doorLimit())
	defer stop()
	conn, err := x.dialer(ctx, "tcp", route)
	if err != nil {
		return nil
	}
	defer func() { _ = conn.Close() }()
	_, proof, _ := handshake(ctx, conn, inspecting(nil)) // what was shown before it failed is asked for
	return proof
}

// names are those of the server's own certificate, or its subject.
func (t *TLS) names() []string {
	if len(t.Certs) == 0 {
		return nil
	}
	if c := t.Certs[0]; len(c.Names) > 0 {
		return c.Names
	}
	return []string{t.Certs[0].Subject}
}
