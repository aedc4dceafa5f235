package testutil_test

import (
	"context"
	"fmt"
	"net"
	"reflect"

	"github.com/hashicorp/go-msgpack/v2/codec"
	msgpackrpc "github.com/hashicorp/net-rpc-msgpackrpc/v2"
	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/testutil"
)

// ping calls Status.Ping in the way any Nomad client does.
func ping(addr string) error {
	sock, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer sock.Close()
	if _, err := sock.Write([]byte{0x06}); err != nil { // yamux follows
		return err
	}
	session, err := yamux.Client(sock, nil)
	if err != nil {
		return err
	}
	defer session.Close()
	stream, err := session.Open()
	if err != nil {
		return err
	}
	if _, err := stream.Write([]byte{0x01}); err != nil { // RPC follows
		return err
	}
	handle := &codec.MsgpackHandle{}
	handle.RawToString, handle.MapType = true, reflect.TypeFor[map[string]any]()
	rpc := msgpackrpc.NewCodecFromHandle(true, true, stream, handle)
	return msgpackrpc.CallWithCodec(rpc, "Status.Ping", map[string]any{}, &struct{}{})
}

func Example() {
	cluster, err := testutil.StartCluster(testutil.ClusterConfig{Size: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Stop(context.Background())

	addr := cluster.Addrs()[1]
	fmt.Println("alive:", ping(addr))
	cluster.Server(1).Inject(testutil.AppError("Status.Ping", "out of order").Times(1))
	fmt.Println("once: ", ping(addr))
	cluster.Kill(1)
	fmt.Println("dead: ", ping(addr) != nil)
	if err := cluster.Restart(1); err != nil {
		fmt.Println(err)
	}
	fmt.Println("again:", ping(addr))
	// Output:
	// alive: <nil>
	// once:  out of order
	// dead:  true
	// again: <nil>
}
