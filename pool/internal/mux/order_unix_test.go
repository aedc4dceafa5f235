//go:build unix && !blockingwrites

package mux

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/yamux"
)

// lateReader reads nothing until begin is closed.
type lateReader struct {
	net.Conn
	begin chan struct{}
}

func (l *lateReader) Read(b []byte) (int, error) {
	<-l.begin
	return l.Conn.Read(b)
}

// What yamux writes by itself, which opens a stream and ends it, keeps its place among the frames
// past yamux, also while the transport takes little.
func TestWhatOpensAndEndsAStreamKeepsItsPlace(t *testing.T) {
	near, far := nonBlocking(t)
	var in, out atomic.Uint64
	c := New(near, Config{Origin: time.Now(), In: &in, Out: &out, Violation: func(reason string, err error) error { return errors.New(reason) }})
	s, err := Start(c, NewYamuxConfig(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	cfg := yamux.DefaultConfig()
	cfg.EnableKeepAlive, cfg.LogOutput = false, io.Discard
	late := &lateReader{Conn: far, begin: make(chan struct{})}
	server, err := yamux.Server(late, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	const streams, frames = 80, 8
	results := make(chan error, streams)
	go func() {
		for range streams {
			st, err := server.AcceptStream()
			if err != nil {
				results <- err
				return
			}
			go func() {
				b, err := io.ReadAll(st)
				want := bytes.Repeat([]byte{byte(st.StreamID())}, frames*(16<<10))
				if err == nil && !bytes.Equal(b, want) {
					err = fmt.Errorf("stream %d: %d bytes", st.StreamID(), len(b))
				}
				_ = st.Close()
				results <- err
			}()
		}
	}()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range streams / 8 {
				<-c.Opens.Tokens()
				c.Opens.Took(0)
				st, err := s.Open()
				if err != nil {
					t.Error(err)
					return
				}
				for range frames {
					b := bytes.Repeat([]byte{byte(st.StreamID())}, 16<<10)
					if rand.IntN(frames) == 0 {
						if _, err := st.Write(b); err != nil {
							t.Error(err)
						}
						continue
					}
					f := new(Frame)
					f.SetData(st.StreamID(), append(make([]byte, HeadSize), b...))
					c.Send(f)
				}
				if err := st.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	awaitTrue(t, "that frames wait", func() bool { return c.Congested() && c.Queued() > 0 })
	close(late.begin)
	wg.Wait()
	for range streams {
		if err := <-results; err != nil {
			t.Fatal(err)
		}
	}
}
