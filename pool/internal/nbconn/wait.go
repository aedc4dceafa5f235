package nbconn

import (
	"io"
	"net"
)

// source is how a goroutine waits for bytes without a buffer to read them into. It belongs to
// the one that reads.
type source struct {
	try  func(uintptr) bool // one attempt to read, made once; nil until then
	take func() []byte
	give func()
	n    int
	err  error
}

// ReadWhenThere waits until something has come in and reads it into the buffer that take
// returns, from its beginning. take is called when a read is tried, give when it found nothing: so no
// buffer is held while the connection is idle. Errors are those of Read.
func (c *Conn) ReadWhenThere(take func() []byte, give func()) (int, error) {
	s := &c.source
	if s.try == nil {
		s.try = func(fd uintptr) (done bool) {
			s.n, done, s.err = attemptRead(fd, s.take())
			if s.n <= 0 {
				s.give()
			}
			return done
		}
	}
	s.n, s.err, s.take, s.give = 0, nil, take, give
	err := c.raw.Read(s.try)
	switch {
	case err != nil:
	case s.err != nil:
		err = &net.OpError{
			Op: "read", Net: c.LocalAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: s.err,
		}
	case s.n == 0:
		err = io.EOF
	}
	if err != nil {
		if fault := c.fault.Load(); fault != nil {
			err = *fault
		}
	}
	return s.n, err
}
