package pool_test

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// Version is a type that an agent writes as an extension of msgpack.
type Version struct{ Major, Minor byte }

// versionExt is how.
type versionExt struct{}

func (versionExt) WriteExt(v any) []byte {
	version := v.(*Version)
	return []byte{version.Major, version.Minor}
}

func (versionExt) ReadExt(to any, b []byte) {
	*to.(*Version) = Version{b[0], b[1]}
}

// An agent brings a msgpack handle of its own, that of Nomad's servers with an extension.
func ExampleCodec() {
	handle := &codec.MsgpackHandle{WriteExt: true}
	handle.RawToString = true
	handle.TimeNotBuiltin = true
	handle.MapType = reflect.TypeFor[map[string]any]()
	handle.TypeInfos = codec.NewTypeInfos([]string{"codec"})
	if err := handle.SetBytesExt(reflect.TypeFor[Version](), 5, versionExt{}); err != nil {
		panic(err)
	}

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, err := testutil.StartServer(testutil.ServerConfig{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = server.Stop(ctx) }()
	p, err := pool.New(pool.Config{
		DialTimeout: 10 * time.Second,
		Codec: pool.Codec{
			Encode: func(buf []byte, v any) ([]byte, error) {
				var b []byte
				err := codec.NewEncoderBytes(&b, handle).Encode(v)
				return append(buf, b...), err
			},
			Decode: func(b []byte, v any) error { return codec.NewDecoderBytes(b, handle).Decode(v) },
		},
	})
	if err != nil {
		panic(err)
	}
	defer func() { _ = p.Stop(ctx) }()

	args := map[string]Version{"is": {2, 0}}
	var reply map[string]Version
	err = p.Call(ctx, server.Addr(), "Echo.Echo", args, &reply)
	fmt.Println(reply, err)

	// The bytes as they travel.
	var raw pool.Raw
	err = p.Call(ctx, server.Addr(), "Echo.Echo", args, &raw)
	fmt.Printf("% x %v\n", []byte(raw), err)
	// Output:
	// map[is:{2 0}] <nil>
	// 81 a2 69 73 d5 05 02 00 <nil>
}
