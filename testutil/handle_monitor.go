package testutil

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
)

// Log appends a line to the server's log, which Agent.Monitor shows to the clients
// that follow it at that time.
func (s *Server) Log(line string) {
	line = strings.TrimSuffix(line, "\n") + "\n"
	s.owner.do(func(*serverState) {
		last, next := s.log.last.Load(), &logLine{text: line, more: make(chan struct{})}
		last.next.Store(next)
		s.log.last.Store(next)
		close(last.more)
	})
}

type monitorArgs struct {
	Region, NodeID, LogLevel string
	PlainText                bool
}

// agentMonitor follows the log of the server, or of a node, until the client has
// closed its side.
func (s *Server) agentMonitor(ctx context.Context, c net.Conn) error {
	from := s.log.last.Load()
	s.log.followers.Add(1)
	defer s.log.followers.Add(-1)
	var args monitorArgs
	raw, err := readStreamRequest(c, &args)
	switch {
	case err != nil:
		return &StreamError{Code: 500, Message: err.Error()}
	case !logLevels[strings.ToUpper(args.LogLevel)]:
		return &StreamError{Code: 400, Message: "Unknown log level"}
	case args.NodeID != "":
		err := s.relay(ctx, c, args.NodeID, "Agent.Monitor", raw)
		if e, ok := errors.AsType[*StreamError](err); ok && e.Code != 0 { // it counts, and the frame has 500 as well
			return &StreamError{Code: 500, Message: ErrTextCoded(e.Code, e.Message)}
		}
		return err
	case args.Region == "":
		return &StreamError{Code: 400, Message: "missing target region"}
	}
	ctx, stopWaiting := untilClosed(ctx, c)
	defer stopWaiting()
	for {
		select {
		case <-from.more:
		case <-ctx.Done():
			return nil
		}
		from = from.next.Load()
		payload := []byte(from.text)
		if !args.PlainText {
			if payload, err = json.Marshal(fileFrame{Data: payload, FileEvent: "log"}); err != nil {
				return err
			}
		}
		if err := WriteFrame(c, StreamFrame{Payload: payload}); err != nil {
			return err
		}
	}
}

var logLevels = map[string]bool{"": true, "TRACE": true, "DEBUG": true, "INFO": true, "WARN": true, "ERROR": true}
