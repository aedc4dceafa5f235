package pool

import (
	"errors"
	"fmt"
	"io"

	"github.com/hashicorp/yamux"
)

// violated ends the transport because of what the peer has sent.
func (t *tap) violated(reason string) error {
	err := &ProtocolError{Layer: "yamux", Reason: reason}
	t.fail(err)
	return err
}

// accusation is what a farewell means that is none: the peer ends the session
// because of what it was sent, or what it has run into, and finishes nothing.
func accusation(code uint32) string {
	what := "which is unknown"
	switch code {
	case 1:
		what = "protocol error"
	case 2:
		what = "internal error"
	}
	return fmt.Sprintf("the server ends the session with code %d, %s", code, what)
}

// ended is why nothing is carried any more. What the tap saw comes first; some of
// what a peer may not do only yamux sees.
func (s *session) ended() error {
	if s.tap.fault.Load() != nil || !s.mux.IsClosed() {
		return s.tap.cause()
	}
	err := s.mux.Err()
	switch {
	case errors.Is(err, yamux.ErrSessionShutdown):
		return io.EOF // nothing said why
	case errors.Is(err, yamux.ErrDuplicateStream), errors.Is(err, yamux.ErrRecvWindowExceeded), errors.Is(err, yamux.ErrUnexpectedFlag):
		return &ProtocolError{Layer: "yamux", Reason: err.Error(), Err: err}
	}
	return err
}
