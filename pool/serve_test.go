package pool

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// pipeStream is a stream over a pipe, whose deadlines are those of the bubble.
type pipeStream struct{ net.Conn }

func (pipeStream) StreamID() uint32 { return 2 }

// servedPool is a pool with one session on which a stream can be served.
func servedPool(t *testing.T, cfg Config) (*silentPool, *session) {
	t.Helper()
	sp := newSilentPool(t, cfg)
	if _, err := sp.find(t.Context(), "a:1", 0); err != nil {
		t.Fatal(err)
	}
	return sp, (*sp.table.Load())["a:1"]
}

func TestAStreamThatSaysNothingIsClosedAfterFiveSeconds(t *testing.T) {
	for _, said := range []string{"", "\x01", "\x05", "\x01\x82\xa3Seq", "\x05\x81\xa6Meth"} {
		synctest.Test(t, func(t *testing.T) {
			sp, s := servedPool(t, Config{})
			if !s.admit() {
				t.Fatal("not admitted")
			}
			near, far := net.Pipe()
			go s.serve(pipeStream{near})
			if _, err := far.Write([]byte(said)); err != nil {
				t.Fatal(err)
			}
			if _, err := far.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("%q: %v", said, err)
			}
			sp.after(t, firstWords, "closed")
		})
	}
}

func TestAnIdleStreamOfTheServerIsClosedAfterIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const idle = 7 * time.Second
		answer := func(context.Context, func(any) error) (any, error) { return nil, nil }
		sp, s := servedPool(t, Config{IdleTimeout: idle, Handlers: Handlers{Calls: map[string]CallHandler{"Test.Nil": answer}}})
		s.admit()
		near, far := net.Pipe()
		go s.serve(pipeStream{near})
		request, err := wire.NewEncoder().Request([]byte{wire.ModeRPC}, 1, "Test.Nil", 1)
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = far.Write(request) }()
		if answered, err := io.ReadAll(far); err != nil || len(answered) == 0 {
			t.Errorf("%q, %v", answered, err)
		}
		sp.after(t, idle, "closed")
	})
}
