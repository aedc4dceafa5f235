package pool

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/rpc"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Handlers answer what servers ask of the agent, over the sessions that the agent
// has with them. The zero value answers every call with an error.
//
// Nomad's servers (2.0.6) call ClientStats.Stats, FileSystem.List and .Stat,
// Allocations.Stats, .Checks, .Restart, .Signal, .GarbageCollect and
// .GarbageCollectAll, Agent.Host and .Profile, and the methods of NodeMeta,
// NodeIdentity, CSI and HostVolume; they open FileSystem.Logs and .Stream,
// Allocations.Exec and Agent.Monitor as streams. An unknown method is
// answered with the text of package net/rpc.
//
// Each stream has a goroutine of its own, which runs the calls on it one after the other.
// Their context ends with the session, and Stop waits for them. A panic, also of CallFor
// and StreamFor, ends its stream, counts among Stats.Panics, and is logged with its stack the
// first time that it comes from its line of code.
type Handlers struct {
	// Calls are the methods by name, "Service.Method".
	Calls map[string]CallHandler

	// RPC has services as package net/rpc makes them, for methods that Calls does not
	// have. Its methods get no context.
	RPC *rpc.Server

	// CallFor, if set, returns the handler of a method that neither Calls nor RPC has;
	// nil: there is no such method. It is called from many goroutines, before the
	// arguments are read, and holds up nothing but its own stream.
	CallFor func(method string) CallHandler

	// Streams are the streaming methods by name.
	Streams map[string]StreamHandler

	// StreamFor, if set, returns the handler of a streaming method that Streams does not
	// have, as CallFor does for calls.
	StreamFor func(method string) StreamHandler

	// OpenStream, if set, opens a streaming method that neither Streams nor StreamFor has, before
	// the call is acknowledged, and may block for that. The text of its error is the
	// acknowledgement. Its context ends with the session.
	OpenStream func(ctx context.Context, method string) (StreamHandler, error)
}

// CallHandler answers one call. decode reads the arguments into a non-nil pointer, until the
// handler returns; its error may be returned as it is. The result is sent as msgpack, nil as an empty map, an
// error as its text, a *RemoteError as its server sent it.
type CallHandler func(ctx context.Context, decode func(args any) error) (any, error)

// StreamHandler serves one streaming call that has been acknowledged. The caller's
// request comes first on conn, a msgpack map (NewFrameReader's counterpart is
// WriteFrame; ReadRequest reads the map); frames go out on it. An error is sent as
// a frame with its code: that of a *StreamError, a *RemoteError, an error with a
// method Code() int or a text as "RPC Error:: 404,..." has it; 403 and 404 for
// ErrPermissionDenied, ErrUnknownNode and ErrUnknownAllocation; else 500. conn is
// closed when the handler returns.
type StreamHandler func(ctx context.Context, conn net.Conn) error

// validate refuses names and handlers that cannot be called.
func (h *Handlers) validate() error {
	for name, f := range h.Calls {
		if err := validHandler("Handlers.Calls", name, f == nil); err != nil {
			return err
		}
	}
	for name, f := range h.Streams {
		if err := validHandler("Handlers.Streams", name, f == nil); err != nil {
			return err
		}
	}
	h.Calls, h.Streams = maps.Clone(h.Calls), maps.Clone(h.Streams)
	return nil
}

func validHandler(field, name string, missing bool) error {
	switch service, method, dotted := strings.Cut(name, "."); {
	case !dotted || service == "" || method == "":
		return &ConfigError{field, fmt.Sprintf("has the name %s: name a service and a method with a dot between them", printable.Quote(name, printable.MaxName))}
	case missing:
		return &ConfigError{field, fmt.Sprintf("has no function for %s", printable.Quote(name, printable.MaxName))}
	}
	return nil
}

// stream is the handler of a streaming method; nil: there is none.
func (h *Handlers) stream(method string) StreamHandler {
	f := h.Streams[method]
	if f == nil && h.StreamFor != nil {
		f = h.StreamFor(method)
	}
	return f
}

// unknown is the answer to a method without a handler: the text of package net/rpc, which
// servers know.
func (h *Handlers) unknown(name string) string {
	at, shown := strings.LastIndexByte(name, '.'), printable.Line(name, 256)
	if at < 0 {
		return "rpc: service/method request ill-formed: " + shown
	}
	for known := range h.Calls {
		if strings.HasPrefix(known, name[:at+1]) {
			return "rpc: can't find method " + shown
		}
	}
	return "rpc: can't find service " + shown
}
