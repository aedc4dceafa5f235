package main

import (
	"errors"
	"io"
	"net"
	"time"
)

// chunk is the bytes of one read or one write.
type chunk struct {
	client bool // written by the client
	at     time.Duration
	data   []byte
	eof    bool
}

// sniffer is a connection that notes what passes: a chunk that is written before it
// is sent, and one that is read after it came, so that an answer never stands in front
// of its request. One goroutine owns the notes.
type sniffer struct {
	net.Conn
	began  time.Time
	chunks chan chunk
	finish chan chan []chunk
	done   chan struct{}
}

func sniff(conn net.Conn) *sniffer {
	s := &sniffer{
		Conn: conn, began: time.Now(),
		chunks: make(chan chunk), finish: make(chan chan []chunk), done: make(chan struct{}),
	}
	go s.collect()
	return s
}

func (s *sniffer) collect() {
	defer close(s.done)
	var all []chunk
	for {
		select {
		case c := <-s.chunks:
			all = append(all, c)
		case to := <-s.finish:
			to <- all
			return
		}
	}
}

// notes returns the chunks and ends the notes. It must be called once.
func (s *sniffer) notes() []chunk {
	to := make(chan []chunk, 1)
	s.finish <- to
	return <-to
}

func (s *sniffer) note(client bool, data []byte, eof bool) {
	c := chunk{client: client, at: time.Since(s.began), data: append([]byte(nil), data...), eof: eof}
	select {
	case s.chunks <- c:
	case <-s.done:
	}
}

func (s *sniffer) Write(b []byte) (int, error) {
	s.note(true, b, false)
	return s.Conn.Write(b)
}

func (s *sniffer) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if n > 0 {
		s.note(false, b[:n], false)
	}
	if errors.Is(err, io.EOF) {
		s.note(false, nil, true)
	}
	return n, err
}

// closeWrite ends the client's side, so that the server's end is seen.
func (s *sniffer) closeWrite() error {
	s.note(true, nil, true)
	if half, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return s.Close()
}
