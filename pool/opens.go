package pool

import (
	"errors"
	"fmt"

	"github.com/hashicorp/yamux"
)

// ErrNoStream says that the server acknowledges no new stream, although it is
// there.
var ErrNoStream = errors.New("the server acknowledges no new stream")

// adriftLimit is how many streams may be waited for by nobody. yamux blocks who
// opens one while too many are not acknowledged, and cannot be told to give up.
const adriftLimit = 64

// openStream opens a stream of the session's mux, which may block for long: only
// goroutines of the crew do it.
func (s *session) openStream() (stream, error) {
	st, err := s.mux.Open()
	switch {
	case errors.Is(err, yamux.ErrConnectionWriteTimeout):
		// The frame that opens it is still on its way out. Nobody would send the mode
		// byte behind it, for which the server stops accepting.
		err = fmt.Errorf("the server took no new stream: %w", err)
		s.cancel(err)
		return nil, err
	case err != nil:
		return nil, s.transport(err)
	}
	s.pool.counts.streams.Add(1)
	return st, nil
}

// mayOpen says whether another stream may be waited for.
func (s *session) mayOpen() error {
	if s.adrift.Load() >= adriftLimit {
		return ErrNoStream
	}
	return nil
}
