package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
	floors "github.com/open-nomad/rpcproxy/testutil/bench/floor"
	"github.com/open-nomad/rpcproxy/testutil/bench/plainserver"
)

func TestTheFootprintIsThatOfOneIdleThing(t *testing.T) {
	testutil.AwaitNone(t)
	const n, each = 100, 50_000
	f, err := footprintOf(t.Context(), n, func(int) (func() error, error) {
		end := make(chan struct{})
		ended := make(chan struct{})
		buffer := make([]byte, each)
		go func() {
			defer close(ended)
			<-end
			runtime.KeepAlive(buffer)
		}()
		return func() error { close(end); <-ended; return nil }, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if f.goroutines != 1 || f.bytes < each || f.bytes > 2*each {
		t.Errorf("%+v, want one goroutine and a little more than %d bytes", f, each)
	}
}

func TestAllIsReleasedWhenMakingTheNextFails(t *testing.T) {
	released := 0
	_, err := footprintOf(t.Context(), 10, func(i int) (func() error, error) {
		if i == 3 {
			return nil, errBroken
		}
		return func() error { released++; return nil }, nil
	})
	if !errors.Is(err, errBroken) || released != 3 {
		t.Errorf("error %v, %d released, want 3", err, released)
	}
}

func TestClosersAreCalledInTheReverseOrder(t *testing.T) {
	var order []int
	all := new(closers)
	for i := range 3 {
		all.add(func() error { order = append(order, i); return fmt.Errorf("error %d", i) })
	}
	err := all.close()
	if fmt.Sprint(order) != "[2 1 0]" || err == nil || !strings.Contains(err.Error(), "error 1") {
		t.Errorf("closed %v, error %v", order, err)
	}
}

func TestTheFloorIsLeftOutWhereItNeedsTooManySockets(t *testing.T) {
	c := call{size: 64, callers: 2, noFloor: true}
	f, err := c.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range f.entrants {
		if e.role == floor {
			t.Error("the floor is there")
		}
	}
	if len(f.entrants) != 3 {
		t.Errorf("%d entrants, want 3", len(f.entrants))
	}
	if err := f.close(); err != nil {
		t.Error(err)
	}
	few, many := call{callers: 1}, call{callers: 4096}
	if note := few.capFloor(roomFor); note != "" || few.noFloor {
		t.Errorf("one caller: %q", note)
	}
	limited := func(files int) bool { return files < 1024 }
	if note := many.capFloor(limited); !strings.Contains(note, "8192") || !strings.Contains(note, "ulimit") || !many.noFloor {
		t.Errorf("very many callers: %q", note)
	}
}

// A call without a context ends when its socket is closed.
func TestTheEndOfTheContextClosesTheSockets(t *testing.T) {
	silent, err := plainserver.Listen(func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	r, err := floors.Open(ctx, silent.Addr(), nil, 1, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	closing := untilEnd(ctx, r.Close)
	failed := make(chan error, 1)
	go func() { failed <- r.Call(0) }()
	cancel()
	if err := <-failed; err == nil {
		t.Error("a call without an answer succeeded")
	}
	if err := errors.Join(closing(), silent.Close()); err != nil {
		t.Error(err)
	}
}

// An entrant that gets another reply would be measured for nothing.
func TestAReplyThatIsNotTheArgumentsEndsTheWork(t *testing.T) {
	for _, c := range []call{{size: 64}} {
		m, err := c.message()
		if err != nil {
			t.Fatal(err)
		}
		if m.args < 64 || m.reply < 64 {
			t.Errorf("%s: %d bytes there, %d back", c.name(), m.args, m.reply)
		}
		silent := func(context.Context, string, any, any) error { return nil }
		if err := m.send(t.Context(), silent); err == nil {
			t.Errorf("%s: an empty reply passes for the arguments", c.name())
		}
		broken := func(context.Context, string, any, any) error { return errBroken }
		if err := m.send(t.Context(), broken); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", c.name(), err)
		}
	}
}
