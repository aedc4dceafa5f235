package main

import (
	"net"
	"sync/atomic"
	"time"
)

// filter is a connection whose outgoing bytes are changed.
type filter struct {
	net.Conn
	write func(b []byte) (int, error)
}

func (f filter) Write(b []byte) (int, error) { return f.write(b) }

// cutAfter ends the connection after so many bytes.
func cutAfter(n int64) func(*stage, net.Conn) net.Conn {
	return func(_ *stage, c net.Conn) net.Conn {
		var sent atomic.Int64
		return filter{c, func(b []byte) (int, error) {
			if left := n - sent.Add(int64(len(b))) + int64(len(b)); left < int64(len(b)) {
				_, _ = c.Write(b[:max(0, left)]) // it is to end
				c.Close()
				return 0, net.ErrClosed
			}
			return c.Write(b)
		}}
	}
}

// damages changes the byte at a place, and everything that follows goes its way.
func damages(at int64) func(*stage, net.Conn) net.Conn {
	return func(_ *stage, c net.Conn) net.Conn {
		var sent atomic.Int64
		return filter{c, func(b []byte) (int, error) {
			first := sent.Add(int64(len(b))) - int64(len(b))
			if i := at - first; i >= 0 && i < int64(len(b)) {
				b = append([]byte(nil), b...)
				b[i] ^= 0x55
			}
			return c.Write(b)
		}}
	}
}

// trickles sends a byte at a time.
func trickles(every time.Duration) func(*stage, net.Conn) net.Conn {
	return func(s *stage, c net.Conn) net.Conn {
		return filter{c, func(b []byte) (int, error) {
			if !s.slowly(c, b, every) {
				return 0, net.ErrClosed
			}
			return len(b), nil
		}}
	}
}

// twice sends everything two times.
func twice(_ *stage, c net.Conn) net.Conn {
	return filter{c, func(b []byte) (int, error) {
		if !write(c, b, b) {
			return 0, net.ErrClosed
		}
		return len(b), nil
	}}
}
