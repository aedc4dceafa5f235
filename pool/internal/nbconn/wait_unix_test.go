//go:build unix && !blockingwrites

package nbconn

import (
	"bytes"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
)

// borrowed is the buffer of a test for ReadWhenThere.
type borrowed struct {
	buf   [8]byte
	given int // how often it was given back
}

func (b *borrowed) read(s *Conn) (int, error) {
	return s.ReadWhenThere(func() []byte { return b.buf[:] }, func() { b.given++ })
}

func TestWhatHasComeInIsReadAsFarAsTheBufferGoes(t *testing.T) {
	s, far := connected(t)
	var b borrowed
	if _, err := far.Write([]byte("0123456789ab")); err != nil {
		t.Fatal(err)
	}
	if err := far.Close(); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for {
		n, err := b.read(s)
		got = append(got, b.buf[:n]...)
		if err != nil {
			if !errors.Is(err, io.EOF) || n != 0 {
				t.Errorf("%d bytes, %v", n, err)
			}
			break
		}
	}
	if string(got) != "0123456789ab" || b.given == 0 {
		t.Errorf("%q came in, and the buffer was given back %d times", got, b.given)
	}
}

func TestABufferIsGivenBackWhileNothingIsThere(t *testing.T) {
	s, far := connected(t)
	var b borrowed
	waits := make(chan struct{}, 1)
	read := make(chan error, 1)
	go func() {
		n, err := s.ReadWhenThere(func() []byte { return b.buf[:] }, func() {
			select {
			case waits <- struct{}{}:
			default:
			}
		})
		if !bytes.Equal(b.buf[:n], []byte("x")) {
			t.Errorf("%q came in", b.buf[:n])
		}
		read <- err
	}()
	<-waits
	if _, err := far.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil {
		t.Error(err)
	}
}

func TestTheErrorOfARead(t *testing.T) {
	s, far := connected(t)
	var b borrowed
	if tcp, ok := far.(*net.TCPConn); !ok || tcp.SetLinger(0) != nil || far.Close() != nil { // resets it
		t.Fatal("not reset")
	}
	n, err := b.read(s)
	if op, ok := errors.AsType[*net.OpError](err); !ok || op.Op != "read" || !errors.Is(err, syscall.ECONNRESET) || n != 0 {
		t.Errorf("reset: %d, %v", n, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := b.read(s); !errors.Is(err, net.ErrClosed) || n != 0 {
		t.Errorf("closed: %d, %v", n, err)
	}
}
