package pool_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
)

// A frame of a kind that is not known must not pass for an empty one.
func TestAFrameOfAnUnknownKindIsNoEmptyFrame(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	s.HandleStream("Test.Strange", func(_ context.Context, c net.Conn) error {
		_, err := c.Write(bytes.Join([][]byte{
			packed(t, dict{"Payload": nil}), packed(t, dict{"Event": dict{}}), packed(t, dict{"SnapshotChecksum": "c"}),
			packed(t, dict{"Event": dict{"Data": "last"}}),
		}, nil))
		return err
	})
	c := openStream(t, p, s.Addr(), "Test.Strange")
	frames := pool.NewFrameReader(c)
	for range 2 {
		if got, err := frames.Next(); len(got) != 0 || err != nil {
			t.Fatalf("%q, %v", got, err)
		}
	}
	_, err := frames.Next()
	if e := as[*pool.ProtocolError](t, err); !strings.Contains(e.Reason, `"SnapshotChecksum"`) {
		t.Fatal(e)
	}
	if got, err := frames.Next(); string(got) != "last" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
}

// A snapshot is a map and then bytes; one that is restored is frames, of which the last
// is an error, and then a map.
func TestASnapshotIsSavedAndRestored(t *testing.T) {
	s, p := startServer(t), newPool(t, pool.Config{})
	snapshot := bytes.Repeat([]byte{0x81, 0xc1}, 50_000)
	s.HandleStream("Operator.SnapshotSave", func(_ context.Context, c net.Conn) error {
		if err := pool.ReadRequest(c, new(dict)); err != nil {
			return err
		}
		_, err := c.Write(append(packed(t, dict{"SnapshotChecksum": "sum", "Index": 7}), snapshot...))
		return err
	})
	s.HandleStream("Operator.SnapshotRestore", func(_ context.Context, c net.Conn) error {
		if err := pool.ReadRequest(c, new(dict)); err != nil {
			return err
		}
		var got []byte
		for r := pool.NewFrameReader(c); ; {
			part, err := r.Next()
			if ended, ok := errors.AsType[*pool.StreamError](err); ok && ended.Message == "EOF" {
				break
			}
			if err != nil {
				return err
			}
			got = append(got, part...)
		}
		return pool.WriteRequest(c, dict{"Index": len(got)})
	})
	var reply struct {
		SnapshotChecksum, ErrorMsg string
		Index                      int
	}
	c := openStream(t, p, s.Addr(), "Operator.SnapshotSave")
	noError(t, pool.WriteRequest(c, dict{"Region": "global"}))
	if err := pool.ReadRequest(c, &reply); err != nil || reply.SnapshotChecksum != "sum" {
		t.Fatalf("%+v, %v", reply, err)
	}
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, snapshot) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	c = openStream(t, p, s.Addr(), "Operator.SnapshotRestore")
	noError(t, pool.WriteRequest(c, dict{"Region": "global"}))
	for rest := snapshot; len(rest) > 0; rest = rest[min(len(rest), 1024):] {
		noError(t, pool.WriteFrame(c, rest[:min(len(rest), 1024)]))
	}
	noError(t, pool.WriteRequest(c, dict{"Error": dict{"Message": "EOF"}}))
	if err := pool.ReadRequest(c, &reply); err != nil || reply.Index != len(snapshot) {
		t.Fatalf("%+v, %v", reply, err)
	}
}

// The input of a command is messages; the one that ends it leaves the output running.
func TestTheInputOfACommandEndsWithAMessage(t *testing.T) {
	type input struct {
		Stdin *struct {
			Data  []byte
			Close bool
		}
	}
	s, p := agentWith(t, pool.Config{Handlers: pool.Handlers{Streams: map[string]pool.StreamHandler{
		"Allocations.Exec": func(_ context.Context, c net.Conn) error {
			if err := pool.ReadRequest(c, new(dict)); err != nil {
				return err
			}
			var all []byte
			for {
				var in input
				if err := pool.ReadRequest(c, &in); err != nil {
					return err
				}
				if in.Stdin.Close {
					return pool.WriteFrame(c, bytes.ToUpper(all))
				}
				all = append(all, in.Stdin.Data...)
			}
		},
	}}})
	c, err := s.StreamNode(within(t), "n1", "Allocations.Exec")
	noError(t, err)
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience))
	for _, message := range []any{
		dict{"Cmd": []string{"cat"}}, dict{"Stdin": dict{"Data": "ab"}}, dict{"Stdin": dict{"Data": "c"}}, dict{"Stdin": dict{"Close": true}},
	} {
		noError(t, pool.WriteRequest(c, message))
	}
	r := pool.NewFrameReader(c)
	if got, err := r.Next(); string(got) != "ABC" || err != nil {
		t.Fatalf("%q, %v", got, err)
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	_ = c.Close() // or the agent waits for that, for 10 s
	await(t, "the release", func() bool { return inUse(p) == 0 })
}
