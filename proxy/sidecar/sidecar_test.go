package sidecar_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/rpc"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/proxy/sidecar"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

func TestErrorsReachTheAgentToTheByte(t *testing.T) {
	c := newCluster(t, 1)
	s := newSidecar(t, sidecar.Config{}, c.Addrs()...)
	a := newAgent(t, s)
	var want string
	c.Server(0).Handle("Text.Fail", func(context.Context, *testutil.Request) (any, error) { return nil, errors.New(want) })
	for method, text := range map[string]string{
		"Foo.Bar":        "rpc: can't find service Foo.Bar",
		"Status.Version": "rpc: can't find method Status.Version",
		"NoDot":          "rpc: service/method request ill-formed: NoDot",
	} {
		expectRefusal(t, fresh(t, a, method, map[string]any{"Region": "global"}, nil), text)
	}
	for _, text := range []string{
		"Permission denied", "RPC Error:: 404,Unknown node \"n\"", "rpc error: rpc error: EOF",
		"1 error occurred:\n\t* gone\n\n", "\x00\x1b[31mred\xff\u202e", " ", strings.Repeat("long \u00e9", 1<<17),
	} {
		want = text
		expectRefusal(t, a.Call("Text.Fail", struct{}{}, nil), text)
	}
	if got := s.Stats(); got.Connections != 1 || got.Tenants != 1 || got.Calls < 10 || got.Failed != 0 {
		t.Errorf("%+v", got)
	}
}

// expectRefusal fails unless err is an answer with the text.
func expectRefusal(t testing.TB, err error, text string) {
	t.Helper()
	var got rpc.ServerError
	if !errors.As(err, &got) || string(got) != text {
		t.Errorf("%.200q, want %.200q", err, text)
	}
}

// randomValue appends a value in any of the forms that msgpack has for it.
func randomValue(b []byte, rng *rand.Rand, depth int) []byte {
	fill := func(head []byte, n int) []byte {
		b = append(b, head...)
		for range n {
			b = append(b, byte(rng.Uint32()))
		}
		return b
	}
	kinds := 16
	if depth == 0 {
		kinds = 12
	}
	n := rng.IntN(20)
	switch rng.IntN(kinds) {
	case 0:
		return append(b, 0xc0)
	case 1:
		return append(b, 0xc2+byte(rng.IntN(2)))
	case 2:
		return append(b, byte(rng.IntN(128)))
	case 3:
		return append(b, 0xe0+byte(rng.IntN(32)))
	case 4:
		width := rng.IntN(4)
		return fill([]byte{0xcc + byte(width)}, 1<<width)
	case 5:
		width := rng.IntN(4)
		return fill([]byte{0xd0 + byte(width)}, 1<<width)
	case 6:
		return fill([]byte{0xca}, 4)
	case 7:
		return fill([]byte{0xcb}, 8)
	case 8:
		return fill([]byte{0xa0 | byte(n)}, n)
	case 9:
		return fill([]byte{0xd9, byte(n)}, n)
	case 10:
		n = rng.IntN(2000)
		return fill(binary.BigEndian.AppendUint16([]byte{[]byte{0xda, 0xc5}[rng.IntN(2)]}, uint16(n)), n)
	case 11:
		return fill(binary.BigEndian.AppendUint32([]byte{0xdb}, uint32(n)), n)
	case 12:
		b = append(b, 0x90|byte(n&15))
		n &= 15
	case 13:
		b = binary.BigEndian.AppendUint16(append(b, 0xdc), uint16(n))
	case 14:
		b = append(b, 0x80|byte(n&7))
		n = 2 * (n & 7)
	default:
		b = binary.BigEndian.AppendUint32(append(b, 0xdf), uint32(n))
		n *= 2
	}
	for range n {
		b = randomValue(b, rng, depth-1)
	}
	return b
}

func TestArgumentsAndRepliesPassAsTheBytesTheyAre(t *testing.T) {
	c := newCluster(t, 1)
	s := newSidecar(t, sidecar.Config{}, c.Addrs()...)
	calls := 10_000
	if testing.Short() {
		calls = 1000
	}
	// The server keeps what came in, by a number behind it, and answers with it turned around.
	var calling sync.WaitGroup
	c.Server(0).Handle("Bytes.Twist", func(_ context.Context, r *testutil.Request) (any, error) {
		return slices.Concat(testutil.Raw{0x92}, r.Body(), testutil.Raw{0xc4, 2, 1, 2}), nil
	})
	const callers = 8
	for i := range callers {
		a := newAgent(t, s)
		calling.Go(func() {
			rng := rand.New(rand.NewPCG(7, uint64(i)))
			for range calls / callers {
				args := codec.Raw(randomValue(nil, rng, 3))
				var reply codec.Raw
				if err := a.Call("Bytes.Twist", args, &reply); err != nil {
					t.Errorf("%x: %v", args, err)
					return
				}
				if want := slices.Concat([]byte{0x92}, args, []byte{0xc4, 2, 1, 2}); !bytes.Equal(reply, want) {
					t.Errorf("sent %x, got %x", args, reply)
					return
				}
			}
		})
	}
	calling.Wait()
}

func TestRequestsOnOneStreamAreAnsweredInOrder(t *testing.T) {
	c := newCluster(t, 1)
	s := newSidecar(t, sidecar.Config{}, c.Addrs()...)
	a := newAgent(t, s)
	stream, err := a.OpenMode(plainclient.ModeRPC)
	noError(t, err)
	const many = 200
	for i := range many { // before any is answered
		noError(t, stream.Send("Echo.Echo", i))
	}
	stream.Seq = 0
	for i := range many {
		var got int
		stream.Seq++
		noError(t, stream.Receive(&got))
		if got != i {
			t.Fatalf("answer %d is %d", i, got)
		}
	}
}

func TestAPlainConnectionAndOneWithTLSCarryCalls(t *testing.T) {
	c := newCluster(t, 1)
	ca, err := testutil.NewCA()
	noError(t, err)
	id, err := ca.Server("global")
	noError(t, err)
	client, err := ca.Client("global")
	noError(t, err)
	s := newSidecar(t, sidecar.Config{ServerTLS: ca.ServerTLS(id, "global")}, c.Addrs()...)
	tls := ca.ClientTLS(client, "global")
	for _, mode := range []byte{plainclient.ModeRPC, plainclient.ModeYamux} {
		for name, cfg := range map[string]plainclient.Config{"plain": {}, "TLS": {TLS: tls}} {
			conn, err := plainclient.Connect(t.Context(), addr(s), cfg.TLS)
			noError(t, err)
			_, err = conn.Write([]byte{mode})
			noError(t, err)
			var stream *plainclient.Stream
			if mode == plainclient.ModeYamux {
				a, err := plainclient.Start(conn, cfg)
				noError(t, err)
				defer func() { _ = a.Close() }()
				stream, err = a.OpenMode(plainclient.ModeRPC)
				noError(t, err)
			} else {
				stream = plainclient.NewStream(conn, cfg)
			}
			for i := range 100 {
				var got int
				noError(t, stream.Call("Echo.Echo", i, &got))
				if got != i {
					t.Fatalf("%s, mode %d: %d, want %d", name, mode, got, i)
				}
			}
			large := strings.Repeat("x", 3<<20)
			var got string
			noError(t, stream.Call("Echo.Echo", large, &got))
			if got != large {
				t.Errorf("%s, mode %d: %d bytes", name, mode, len(got))
			}
			expectRefusal(t, stream.Call("Foo.Bar", 1, nil), "rpc: can't find service Foo.Bar")
			_ = conn.Close()
		}
	}
}
