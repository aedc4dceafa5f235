package pool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
)

// sockets counts the connections of a pool to a server that accepts and never answers.
type sockets struct {
	net.Listener
	now, most, made atomic.Int64
}

// counted is one of them.
type counted struct {
	net.Conn
	of     *sockets
	closed atomic.Bool
}

func (c *counted) Close() error {
	if c.closed.CompareAndSwap(false, true) {
		c.of.now.Add(-1)
	}
	return c.Conn.Close()
}

// muteServer is such a server; the pool dials it whatever the address is.
func muteServer(t *testing.T, p *Pool) *sockets {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	s := &sockets{Listener: ln}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(io.Discard, c)
				_ = c.Close()
			}()
		}
	}()
	p.cfg.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		n := s.now.Add(1)
		s.made.Add(1)
		for most := s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); most = s.most.Load() {
		}
		c, err := new(net.Dialer).DialContext(ctx, network, ln.Addr().String())
		if err != nil {
			s.now.Add(-1)
			return nil, err
		}
		return &counted{Conn: c, of: s}, nil
	}
	return s
}

func (s *sockets) await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(Patience); !done(); {
		if time.Now().After(end) {
			t.Fatalf("%s: %d sockets, %d at most", what, s.now.Load(), s.most.Load())
		}
		select {
		case <-time.After(time.Millisecond):
		case <-t.Context().Done():
			return
		}
	}
}

// Thousands of servers hang, whose names have many addresses each: all that is tried at
// once takes a bounded number of descriptors, and every dial has its turn.
func TestAllDialsTogetherTakeABoundedNumberOfSockets(t *testing.T) {
	const callers, most = 2000, 32 + maxBeside
	p, err := New(Config{})
	noError(t, err)
	s := muteServer(t, p)
	var ips []netip.Addr
	for i := range 1000 {
		ips = append(ips, netip.AddrFrom4([4]byte{127, 0, byte(i / 250), byte(i%250 + 1)}))
	}
	p.resolver.Net = aLookup(ips)
	over := DialLimit(p)
	errs := make(chan error, callers)
	for i := range callers {
		go func() { errs <- p.Call(t.Context(), fmt.Sprintf("name-%d.test.:4647", i), "Test.Any", nil, nil) }()
	}
	s.await(t, "as many as there may be", func() bool { return s.now.Load() == most })
	over() // of those under way
	s.await(t, "others in their place", func() bool { return s.made.Load() >= 2*most && s.now.Load() == most })
	ctx, end := context.WithTimeout(context.Background(), Patience)
	defer end()
	noError(t, p.Stop(ctx))
	for range callers {
		if err := <-errs; !errors.Is(err, ErrStopped) && !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	}
	if n := s.most.Load(); n > most {
		t.Errorf("%d sockets at once", n)
	}
	s.await(t, "the end of all", func() bool { return s.now.Load() == 0 })
	if n := len(p.beside); n != 0 {
		t.Errorf("%d turns are taken still", n)
	}
}

// A dial may always try one address, and another one beside it only while there are not too
// many of these in all.
func TestAddressesBesideOthersHaveTheirTurn(t *testing.T) {
	p := &Pool{beside: make(chan struct{}, maxBeside)}
	var done []func()
	turn := func(own chan struct{}) {
		t.Helper()
		end, err := p.turn(t.Context(), own)
		noError(t, err)
		done = append(done, end)
	}
	own := make(chan struct{}, 1)
	for range 1 + maxBeside {
		turn(own)
	}
	other := make(chan struct{}, 1)
	turn(other)
	late, end := context.WithCancelCause(t.Context())
	got := make(chan error, 1)
	go func() { _, err := p.turn(late, other); got <- err }()
	end(&dialing.LateError{Limit: time.Second})
	err := <-got
	if _, timeout := errors.AsType[*dialing.LateError](err); !timeout || !strings.Contains(err.Error(), "not tried") {
		t.Errorf("%v", err)
	}
	for _, i := range []int{0, 1} { // that of the dial itself, and one beside another's
		go func() {
			end, err := p.turn(t.Context(), []chan struct{}{own, other}[i])
			if err == nil {
				end()
			}
			got <- err
		}()
		done[i]()
		if err := <-got; err != nil {
			t.Error(err)
		}
	}
	for _, end := range done[2:] {
		end()
	}
	if len(own)+len(other)+len(p.beside) != 0 {
		t.Errorf("%d, %d and %d turns are taken still", len(own), len(other), len(p.beside))
	}
}
