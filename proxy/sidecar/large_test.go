package sidecar_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/proxy/sidecar"
	"github.com/open-nomad/rpcproxy/testutil"
)

// Bodies of all sizes about those of a frame, a piece and a window pass the sidecar in both directions as
// the bytes they are, an agent's own calls and those of its server.
func TestLargeBodiesPassBothWaysAsTheBytesTheyAre(t *testing.T) {
	c := newCluster(t, 1)
	s := newSidecar(t, sidecar.Config{}, c.Addrs()...)
	c.Server(0).Handle("Bytes.Back", func(_ context.Context, r *testutil.Request) (any, error) {
		return append(testutil.Raw{}, r.Body()...), nil
	})
	a := newAgent(t, s)
	register(t, a, "n1")
	answers := func(_ string, args codec.Raw) (codec.Raw, string) { return append(codec.Raw{}, args...), "" }
	reverse{call: answers}.serve(t, a)
	rng := rand.New(rand.NewPCG(9, 4))
	for _, size := range []int{1, 4 << 10, 64 << 10, 128 << 10, 129 << 10, 600 << 10} {
		for range 2 {
			n := max(size+rng.IntN(64)-32, 1)
			body := binary.BigEndian.AppendUint32([]byte{0xc6}, uint32(n))
			for range n {
				body = append(body, byte(rng.Uint32()))
			}
			var reply codec.Raw
			if err := a.Call("Bytes.Back", codec.Raw(body), &reply); err != nil || !bytes.Equal(reply, body) {
				t.Fatalf("to the server, %d bytes: %v, %d came back", n, err, len(reply))
			}
			var back []byte
			if err := c.Server(0).CallNode(t.Context(), "n1", "Agent.Back", testutil.Raw(body), &back); err != nil || !bytes.Equal(back, body[5:]) {
				t.Fatalf("to the agent, %d bytes: %v, %d came back", n, err, len(back))
			}
		}
	}
	// A server's caller that leaves amid a large body leaves the sidecar whole.
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := c.Server(0).CallNode(gone, "n1", "Agent.Back", testutil.Raw(append([]byte{0xc6, 0, 0x10, 0, 0}, make([]byte, 1<<20)...)), nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	var back []byte
	noError(t, c.Server(0).CallNode(t.Context(), "n1", "Agent.Back", testutil.Raw{0xa1, 7}, &back))
}
