package doctor

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"github.com/open-nomad/rpcproxy/internal/contain"
	"github.com/open-nomad/rpcproxy/pool"
)

// literal reports whether a host is an IP address.
func literal(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// lookupFault is the fault of a name that led nowhere.
func lookupFault(ctx context.Context, err error) Fault {
	f := Fault{Kind: LookupFailed, Text: contain.Text(err)}
	about, known := errors.AsType[*net.DNSError](err)
	switch {
	case ctx.Err() != nil:
		f.Kind = LookupLate
	case known && about.IsNotFound:
		f.Kind = NoSuchName
	case known && about.IsTimeout:
		f.Kind = LookupLate
	case known:
		f.Text = about.Err
	}
	return f
}

// connectFault is the fault of a dial.
func connectFault(ctx context.Context, err error) Fault {
	switch op, ok := errors.AsType[*net.OpError](err); {
	case errors.Is(err, syscall.ECONNREFUSED):
		return Fault{Kind: Refused}
	case ctx.Err() != nil, ok && op.Timeout():
		return Fault{Kind: ConnectLate}
	case ok && op.Err != nil:
		return Fault{Kind: ConnectFailed, Text: contain.Text(op.Err)}
	}
	return Fault{Kind: ConnectFailed, Text: contain.Text(err)}
}

// tlsKinds are the kinds of the pool's errors about TLS, and what they are here.
var tlsKinds = []struct {
	of   error
	kind Kind
}{
	{pool.ErrTLSUnknownAuthority, TLSUnknownCA},
	{pool.ErrTLSWrongName, TLSWrongName},
	{pool.ErrTLSWrongRole, TLSWrongRole},
	{pool.ErrTLSExpired, TLSExpired},
	{pool.ErrTLSRefused, TLSOursRefused},
	{pool.ErrTLSDropped, TLSOursRefused},
	{pool.ErrTLSNotSpoken, TLSNotSpoken},
	{pool.ErrTLSWanted, HungUp},
}

// sessionFault is the fault of a session that did not come about, or ended, at a door.
func sessionFault(err error, door Door) Fault {
	f := Fault{Kind: HandshakeElse, Text: cause(err)}
	if wrong, ok := errors.AsType[*pool.WrongPortError](err); ok {
		f.Kind, f.Speaks = WrongPort, wrong.Speaks
		return f
	}
	if secure, ok := errors.AsType[*pool.TLSError](err); ok {
		f.Kind, f.Wanted, f.Offered, f.Shown = TLSOther, secure.Wanted, secure.Offered, secure.Shown
		for _, k := range tlsKinds {
			if secure.Kind == k.of { //nolint:errorlint // the very value: with Ours it is ErrTLSExpired as well
				f.Kind = k.kind
			}
		}
		if secure.Ours != "" {
			f.Kind, f.Text = TLSOursExpired, secure.Ours
		}
		return f
	}
	_, garbled := errors.AsType[*pool.ProtocolError](err)
	_, refused := errors.AsType[*pool.RemoteError](err)
	dial, dialed := errors.AsType[*pool.DialError](err)
	switch late := errors.Is(err, context.DeadlineExceeded); {
	case garbled:
		f.Kind = NotYamux
	case refused:
		f.Kind = PingFailed
	case dialed && dial.Phase == pool.PhaseDial && errors.Is(err, syscall.ECONNREFUSED):
		f.Kind = Refused
	case dialed && dial.Phase == pool.PhaseDial && late:
		f.Kind = ConnectLate
	case late && door.Yamux:
		f.Kind = PingSilent
	case late:
		f.Kind = Frozen
	}
	return f
}

// callFault is the fault of a call on a session that works; None without an error.
func callFault(err error) Fault {
	if err == nil {
		return Fault{}
	}
	f := Fault{Kind: CallFailed, Text: cause(err)}
	switch {
	case errors.Is(err, pool.ErrNoRegionPath):
		f.Kind = NoRegionPath
	case errors.Is(err, pool.ErrPermissionDenied), errors.Is(err, pool.ErrTokenNotFound):
		f.Kind = Denied
	}
	return f
}

// cause is an error of the pool without the server, which stands in front.
func cause(err error) string {
	if d, ok := errors.AsType[*pool.DialError](err); ok {
		return d.Cause()
	}
	if c, ok := errors.AsType[*pool.CallError](err); ok {
		return c.Cause()
	}
	return contain.Text(err)
}
