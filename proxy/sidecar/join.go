package sidecar

import (
	"errors"
	"io"
	"net"
	"sync"
)

// joinBuffer is how much is copied at once, in bytes.
const joinBuffer = 32 << 10

var joinBuffers = sync.Pool{New: func() any { return new([joinBuffer]byte) }}

// half is a connection whose directions end one by one, and which can be reset.
type half interface {
	CloseWrite() error
	Reset()
}

// join copies bytes between two streams, in both directions, until both have ended. The end of
// one direction ends it on the other side, and a reset or a failure resets both. What one
// side does not read the other side does not send.
func join(a, b net.Conn) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		pass(a, b)
	}()
	pass(b, a)
	<-done
	_ = a.Close() // it may have ended
	_ = b.Close() // the same
}

// pass copies what comes from one side to the other.
func pass(to, from net.Conn) {
	buf := joinBuffers.Get().(*[joinBuffer]byte)
	defer joinBuffers.Put(buf)
	for {
		n, err := from.Read(buf[:])
		if n > 0 {
			if _, failed := to.Write(buf[:n]); failed != nil {
				break
			}
		}
		if errors.Is(err, io.EOF) {
			if to.(half).CloseWrite() != nil {
				break
			}
			return
		}
		if err != nil {
			break
		}
	}
	from.(half).Reset()
	to.(half).Reset()
}
