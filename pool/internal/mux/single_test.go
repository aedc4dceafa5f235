package mux

import (
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// aSingle is a session of one stream, and the peer's end of its connection.
func aSingle(t *testing.T, first string) (Session, *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	far, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c := New(near, Config{
		Origin: time.Now(), In: new(atomic.Uint64), Out: new(atomic.Uint64), Accepts: true,
		Violation: func(reason string, _ error) error { return errors.New(reason) },
	})
	s := Single(c, []byte(first))
	t.Cleanup(func() { _, _ = s.Close(), far.Close() })
	return s, far.(*net.TCPConn)
}

func TestASingleIsOneStreamBehindTheBytesThatWereRead(t *testing.T) {
	s, far := aSingle(t, "ab")
	st, err := s.Accept()
	if err != nil || st.StreamID() != 1 {
		t.Fatal(st, err)
	}
	_, _ = far.Write([]byte("cd")) // the read tells
	got := make([]byte, 4)
	if _, err := io.ReadFull(st, got); err != nil || string(got) != "abcd" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := st.Write([]byte("ef")); err != nil {
		t.Error(err)
	}
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	if b, err := io.ReadAll(far); err != nil || string(b) != "ef" {
		t.Errorf("the peer got %q, %v", b, err)
	}
	_ = far.CloseWrite()
	for range 2 {
		if _, err := st.Read(got); !errors.Is(err, io.EOF) {
			t.Errorf("behind the peer's end: %v", err)
		}
	}
	if s.IsClosed() || s.Err() != nil {
		t.Error("the session has ended with its stream")
	}
	if _, err := s.Open(); err == nil {
		t.Error("it opens a stream")
	}
	if _, err := s.Ping(); err == nil || s.IsClosed() {
		t.Error("it pings, or ends with a ping")
	}
	_ = s.Close()
	if _, err := s.Accept(); !errors.Is(err, io.EOF) || !s.IsClosed() || !errors.Is(s.Err(), io.EOF) {
		t.Errorf("after its end: %v, %v", err, s.Err())
	}
	<-s.CloseChan()
}

func TestAResetOfASingleIsNoEndForItsPeer(t *testing.T) {
	s, far := aSingle(t, "")
	st, err := s.Accept()
	if err != nil {
		t.Fatal(err)
	}
	st.(*singleStream).Reset()
	if _, err := far.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("the peer read: %v", err)
	}
	if _, err := st.Read(make([]byte, 1)); err == nil {
		t.Error("it reads")
	}
}

func TestADeadlineDoesNotEndASingle(t *testing.T) {
	s, _ := aSingle(t, "")
	st, err := s.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []func(time.Time) error{st.SetDeadline, st.SetReadDeadline} {
		if err := set(time.Unix(1, 0)); err != nil {
			t.Error(err)
		}
		if _, err := st.Read(make([]byte, 1)); !TimedOut(err) {
			t.Errorf("%v", err)
		}
	}
	if err := st.SetWriteDeadline(time.Unix(1, 0)); err != nil {
		t.Error(err)
	}
	if _, err := st.Write([]byte("x")); !TimedOut(err) {
		t.Errorf("%v", err)
	}
	if s.IsClosed() {
		t.Error("it has ended")
	}
}
