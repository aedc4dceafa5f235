package testutil

import (
	"context"
	"net"
	"slices"
	"time"
)

type eventArgs struct {
	Region string
	Index  uint64
	Topics map[string][]string
}

// wants reports whether the request asks for the events of a node.
func (a eventArgs) wants(nodeID string) bool {
	for topic, keys := range a.Topics {
		if (topic == "*" || topic == "Node") && (slices.Contains(keys, "*") || slices.Contains(keys, nodeID)) {
			return true
		}
	}
	return false
}

// streamPulse is the interval of the empty events of a stream without others.
const streamPulse = 30 * time.Second

// eventStream reports the nodes that come, change and go, until the client has
// closed its side. First of all it sends a sign of life.
func (s *Server) eventStream(ctx context.Context, c net.Conn) error {
	var args eventArgs
	if _, err := readStreamRequest(c, &args); err != nil {
		return WriteEventError(c, StreamError{Code: 500, Message: err.Error()})
	}
	if args.Region != s.cfg.Region {
		return WriteEventError(c, StreamError{Code: 500, Message: ErrTextNoRegionPath})
	}
	ctx, stopWaiting := untilClosed(ctx, c)
	defer stopWaiting()
	if err := WriteEvent(c, []byte("{}")); err != nil {
		return err
	}
	pulse := time.NewTicker(streamPulse)
	defer pulse.Stop()
	for from := args.Index; ; {
		all, more := s.world.eventsFrom(from)
		for _, e := range all {
			from = e.index + 1
			if !args.wants(e.node.ID) {
				continue
			}
			data, err := e.data()
			if err == nil {
				err = WriteEvent(c, data)
			}
			if err != nil {
				return err
			}
		}
		select {
		case <-more:
		case <-pulse.C:
			if err := WriteEvent(c, []byte("{}")); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
}
