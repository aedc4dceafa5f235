package sidecar_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/sidecar"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// shortProxy gives calls up soon.
var shortProxy = proxy.Config{RetryTimeout: 2 * time.Second}

// echo sends back what comes in, and ends when that does.
func echo(conn net.Conn) { _, _ = io.Copy(conn, conn) }

// expectEcho sends bytes, expects them back, and the end behind its own.
func expectEcho(t testing.TB, conn net.Conn, n int) {
	t.Helper()
	sent := make([]byte, n)
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range sent {
		sent[i] = byte(rng.Uint32())
	}
	failed := make(chan error, 1)
	go func() {
		_, err := conn.Write(sent)
		failed <- err
	}()
	got := make([]byte, n)
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Errorf("reading: %v", err)
		return
	}
	if err := <-failed; err != nil || !bytes.Equal(got, sent) {
		t.Errorf("writing: %v; the bytes are the same: %v", err, bytes.Equal(got, sent))
	}
}

// openStream opens a streaming call as agents do, on a session or on a connection of its own.
func openStream(t testing.TB, conn net.Conn, method string) (refusal string) {
	t.Helper()
	_, err := conn.Write(encoded(t, map[string]string{"Method": method}))
	noError(t, err)
	var ack struct{ Error string }
	noError(t, codec.NewDecoder(oneByte{conn}, rawHandle).Decode(&ack))
	return ack.Error
}

// ways are the ways in which an agent opens a streaming call.
var ways = map[string]func(t testing.TB, s *sidecar.Sidecar) net.Conn{
	"on a session": func(t testing.TB, s *sidecar.Sidecar) net.Conn {
		st, err := newAgent(t, s).OpenMode(plainclient.ModeStreaming)
		noError(t, err)
		return st.Conn
	},
	"on a connection": func(t testing.TB, s *sidecar.Sidecar) net.Conn {
		conn, err := plainclient.Connect(t.Context(), addr(s), nil)
		noError(t, err)
		_, err = conn.Write([]byte{plainclient.ModeStreaming})
		noError(t, err)
		return conn
	},
}

// opened opens a streaming call on conn, which is closed when t ends, and expects no refusal.
func opened(t testing.TB, conn net.Conn, method string) net.Conn {
	t.Helper()
	t.Cleanup(func() { _ = conn.Close() })
	if refusal := openStream(t, conn, method); refusal != "" {
		t.Fatal(refusal)
	}
	return conn
}

func TestStreamsPassBothWaysAndEndBothWays(t *testing.T) {
	c := newCluster(t, 1)
	ended := make(chan error, 1)
	c.Server(0).HandleStream("Test.Echo", func(_ context.Context, conn net.Conn) error {
		_, err := io.Copy(conn, conn)
		ended <- err
		return nil
	})
	s := newSidecar(t, sidecar.Config{}, c.Addrs()...)
	for name, open := range ways {
		t.Run(name, func(t *testing.T) {
			conn := opened(t, open(t, s), "Test.Echo")
			expectEcho(t, conn, 1<<20)
			half, ok := conn.(interface{ CloseWrite() error })
			if !ok {
				half = closeWrite{conn} // yamux has Close for that
			}
			noError(t, half.CloseWrite())
			if err := <-ended; err != nil {
				t.Errorf("the server's read ended with %v", err)
			}
			if n, err := io.Copy(io.Discard, conn); n != 0 || err != nil {
				t.Errorf("behind the end came %d bytes, %v", n, err)
			}
			conn = open(t, s)
			defer func() { _ = conn.Close() }()
			if got := openStream(t, conn, "No.Such"); got != `Unknown rpc method: "No.Such"` {
				t.Errorf("refused with %q", got)
			}
			if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("behind the refusal: %v", err)
			}
		})
	}
}

// closeWrite is a yamux stream, whose Close ends one direction.
type closeWrite struct{ net.Conn }

func (c closeWrite) CloseWrite() error { return c.Close() }

// A server that breaks off is not taken for one that has ended.
func TestAStreamThatIsCutIsNoEnd(t *testing.T) {
	c := newCluster(t, 1)
	serving := make(chan struct{}, 1)
	c.Server(0).HandleStream("Test.Wait", func(ctx context.Context, _ net.Conn) error {
		serving <- struct{}{}
		<-ctx.Done()
		return nil
	})
	s := newSidecar(t, sidecar.Config{}, c.Addrs()...)
	for name, open := range ways {
		t.Run(name, func(t *testing.T) {
			conn := opened(t, open(t, s), "Test.Wait")
			<-serving
			c.Server(0).Kill()
			if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
				t.Errorf("reading ended with %v", err)
			}
			noError(t, c.Restart(0))
		})
	}
}

// bulk is how many bytes pass in each direction.
func bulk() int64 {
	if testing.Short() {
		return 8 << 20
	}
	return 1 << 30
}

// pour writes so many bytes that follow from the seed, and returns their sum.
func pour(to io.Writer, n int64, seed byte) (sum []byte, err error) {
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(to, h), io.LimitReader(rand.NewChaCha8([32]byte{seed}), n))
	return h.Sum(nil), err
}

// drainInto reads so many bytes into a sum.
func drainInto(h hash.Hash, from io.Reader, n int64) error {
	_, err := io.CopyN(h, from, n)
	return err
}

func TestLargeStreamsArriveWhole(t *testing.T) {
	c := newCluster(t, 1)
	n := bulk()
	type sums struct{ sent, got []byte }
	results := make(chan sums, 1)
	c.Server(0).HandleStream("Test.Bulk", func(_ context.Context, conn net.Conn) error {
		var r sums
		sending := make(chan struct{})
		go func() {
			defer close(sending)
			r.sent, _ = pour(conn, n, 1)
		}()
		h := sha256.New()
		_ = drainInto(h, conn, n) // the sum tells
		r.got = h.Sum(nil)
		<-sending
		results <- r
		return nil
	})
	s := newSidecar(t, sidecar.Config{}, c.Addrs()...)
	for name, open := range ways {
		t.Run(name, func(t *testing.T) {
			conn := opened(t, open(t, s), "Test.Bulk")
			sent := make(chan []byte, 1)
			go func() {
				sum, err := pour(conn, n, 2)
				if err != nil {
					t.Errorf("sending: %v", err)
				}
				sent <- sum
			}()
			h := sha256.New()
			if err := drainInto(h, conn, n); err != nil {
				t.Errorf("receiving: %v", err)
			}
			mine, server := <-sent, <-results
			if !bytes.Equal(mine, server.got) || !bytes.Equal(h.Sum(nil), server.sent) {
				t.Error("the sums differ")
			}
		})
	}
	if held := s.Stats().HeldBytes; held > 1<<20 {
		t.Errorf("%d bytes are held at the end", held)
	}
}
