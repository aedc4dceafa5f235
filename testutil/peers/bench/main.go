package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"reflect"
	"strings"

	"github.com/hashicorp/go-msgpack/v2/codec"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "-serve" {
		worker.Serve(serve)
		return
	}
	worker.Client(open)
}

// msgpack encodes as Nomad does.
type msgpack struct{ handle *codec.MsgpackHandle }

func (msgpack) Name() string { return "msgpack" }

func (m msgpack) Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	err := codec.NewEncoder(&b, m.handle).Encode(v)
	return b.Bytes(), err
}

func (m msgpack) Unmarshal(data []byte, v any) error {
	return codec.NewDecoderBytes(data, m.handle).Decode(v)
}

// path is that of a method: "Node.UpdateStatus" is /Node/UpdateStatus.
func path(method string) string { return "/" + strings.Replace(method, ".", "/", 1) }

// methods are the services with the methods of package body, described by hand.
func methods() (all []*grpc.ServiceDesc) {
	for _, c := range body.All() {
		service, method, _ := strings.Cut(c.Method, ".")
		args := reflect.TypeOf(c.Args).Elem()
		all = append(all, &grpc.ServiceDesc{
			ServiceName: service, HandlerType: (*any)(nil),
			Methods: []grpc.MethodDesc{{MethodName: method, Handler: func(
				_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor,
			) (any, error) {
				return c.Reply, decode(reflect.New(args).Interface())
			}}},
		})
	}
	return all
}

func serve() (addrs map[string]string, stop func() error, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	s := grpc.NewServer(grpc.ForceServerCodec(msgpack{body.Handle()}))
	for _, m := range methods() {
		s.RegisterService(m, nil)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	return map[string]string{worker.GRPC: ln.Addr().String()}, func() error { s.Stop(); return <-served }, nil
}

func open(_ context.Context, s worker.Setup) (*worker.Opened, error) {
	conn, err := grpc.NewClient("passthrough:///"+s.Addr,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(msgpack{body.Handle()})))
	if err != nil {
		return nil, err
	}
	full := path(s.Call.Method)
	return &worker.Opened{
		Call: func(ctx context.Context, _ int, _ string, args, reply any) error {
			return conn.Invoke(ctx, full, args, reply)
		},
		Close: conn.Close,
	}, nil
}
