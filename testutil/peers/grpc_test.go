package peers

import (
	"context"
	"fmt"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// verbatim is a codec that takes bytes as they are, so that none is measured: no
// protocol buffers, and no copy that grpc does not make itself.
type verbatim struct{}

func (verbatim) Name() string { return "verbatim" }

func (verbatim) Marshal(v any) ([]byte, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("a %T is no []byte", v)
	}
	return *b, nil
}

func (verbatim) Unmarshal(data []byte, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("a %T is no []byte", v)
	}
	*b = append((*b)[:0], data...) // data is grpc's, which uses it again
	return nil
}

// echo is a service of one method, described by hand.
var echo = grpc.ServiceDesc{
	ServiceName: "Echo",
	HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Echo", Handler: func(
		_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor,
	) (any, error) {
		payload := new([]byte)
		return payload, decode(payload)
	}}},
}

func openGRPC(tb testing.TB) caller {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	server := grpc.NewServer(grpc.ForceServerCodec(verbatim{}))
	server.RegisterService(&echo, nil)
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	tb.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			tb.Error(err)
		}
	})
	conn, err := grpc.NewClient("passthrough:///"+ln.Addr().String(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(verbatim{})))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := conn.Close(); err != nil {
			tb.Error(err)
		}
	})
	return func(ctx context.Context, payload []byte) (reply []byte, err error) {
		err = conn.Invoke(ctx, "/Echo/Echo", &payload, &reply)
		return reply, err
	}
}
