package session

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/session/sessiontest"
)

// begun is how many goroutines this process has begun.
func begun() int {
	sample := []metrics.Sample{{Name: "/sched/goroutines-created:goroutines"}}
	metrics.Read(sample)
	return int(sample[0].Value.Uint64())
}

// waiting is a stream on which nothing comes until its session ends.
type waiting struct {
	*sessiontest.Stream
	reads chan<- struct{}
	ended <-chan struct{}
}

func (w waiting) SetDeadline(time.Time) error     { return nil }
func (w waiting) SetReadDeadline(time.Time) error { return nil }

func (w waiting) Read([]byte) (int, error) {
	select {
	case w.reads <- struct{}{}:
	default: // not the first one
	}
	<-w.ended
	return 0, io.EOF
}

// A server may have very many streams open. When their session ends, each of them has the goroutine that
// serves it, and one that ends it; else a server that comes and goes has an agent begin thousands at once.
func TestTheEndOfASessionBeginsOneGoroutineForEachOfItsStreams(t *testing.T) {
	const streams = 500
	near, far := net.Pipe()
	cfg := newConfig()
	s := New(context.Background(), cfg, connOn(near, cfg), 1, "a:1")
	m := sessiontest.NewSilent()
	s.Attach(m)
	s.Listen()
	read, over := make(chan struct{}), make(chan struct{})
	go func() { defer close(read); _, _ = io.Copy(io.Discard, far) }()
	go func() { defer close(over); _ = s.Run(context.Background(), nil) }()
	reads := make(chan struct{}, streams)
	for range streams {
		m.Accepts <- waiting{sessiontest.NewStream(m), reads, m.CloseChan()}
	}
	for range streams {
		<-reads
	}
	before := begun()
	s.End(errors.New("the test is over"))
	<-over
	if n := begun() - before; n > streams+50 {
		t.Errorf("%d goroutines were begun for the end of %d streams", n, streams)
	}
	if left := s.serving.Load(); left != 0 {
		t.Errorf("%d streams count as open", left)
	}
	_ = near.Close()
	<-read
}
