package testutil

import (
	"bytes"
	"fmt"
)

// Step is one event of a [Transcript]: a message, a ping, or a flag that opens,
// acknowledges or ends a stream.
type Step struct {
	Client  bool // from the client; false: from the server
	Stream  uint32
	Nth     int                // of this side's messages on the stream, from 0
	Message *TranscriptMessage // nil: none
	Flags   string             // of a frame that carries no message: "SYN", "ACK", "FIN", "RST"
	Ping    bool               // a ping with its flags
	Micros  int64              // since the connection began, in microseconds
}

// String names the step.
func (s Step) String() string {
	from := map[bool]string{true: "client", false: "server"}[s.Client]
	switch {
	case s.Ping:
		return from + ": ping " + s.Flags
	case s.Message != nil:
		return fmt.Sprintf("stream %d, %s: %s %d", s.Stream, from, s.Message.Kind, s.Nth)
	default:
		return fmt.Sprintf("stream %d, %s: %s", s.Stream, from, s.Flags)
	}
}

// side is one direction of a stream.
type side struct {
	messages []*TranscriptMessage
	sent     int // bytes of the frames so far
	done     int // bytes of the messages that are steps already
	nth      int
}

type sideKey struct {
	stream uint32
	dir    string
}

// sides checks that the messages of each direction are all of its bytes.
func (t *Transcript) sides() (map[sideKey]*side, error) {
	sides := map[sideKey]*side{}
	for i := range t.Streams {
		s := &t.Streams[i]
		for dir, payload := range map[string]Hex{"c2s": s.ClientToServer, "s2c": s.ServerToClient} {
			d := &side{}
			var all []byte
			for j := range s.Messages {
				if m := &s.Messages[j]; m.Direction == dir {
					d.messages = append(d.messages, m)
					all = append(all, m.Bytes...)
				}
			}
			sides[sideKey{s.ID, dir}] = d
			if !bytes.Equal(all, payload) {
				return nil, fmt.Errorf("testutil: transcript %q: stream %d %s has bytes that are no message", t.Name, s.ID, dir)
			}
		}
	}
	return sides, nil
}

// Steps puts frames and messages into one order: a message is where its last frame
// was. The error names a stream whose frames and messages do not fit.
func (t *Transcript) Steps() (steps []Step, err error) {
	sides, err := t.sides()
	if err != nil {
		return nil, err
	}
	for _, f := range t.Frames {
		s := Step{Client: f.Direction == "c2s", Stream: f.Stream, Flags: f.Flags, Ping: f.Type == "ping", Micros: f.Micros}
		if s.Ping || f.Flags != "" {
			steps = append(steps, s)
		}
		if f.Type != "data" {
			continue
		}
		d := sides[sideKey{f.Stream, f.Direction}]
		if d == nil {
			return nil, fmt.Errorf("testutil: transcript %q has frames of stream %d and not the stream", t.Name, f.Stream)
		}
		for d.sent += int(f.Length); len(d.messages) > 0 && d.done+len(d.messages[0].Bytes) <= d.sent; d.nth++ {
			s.Flags, s.Message, s.Nth = "", d.messages[0], d.nth
			steps = append(steps, s)
			d.done += len(s.Message.Bytes)
			d.messages = d.messages[1:]
		}
	}
	for k, d := range sides {
		if len(d.messages) > 0 {
			return nil, fmt.Errorf("testutil: transcript %q: %d messages of stream %d %s are in no frame", t.Name, len(d.messages), k.stream, k.dir)
		}
	}
	return steps, nil
}

// isFlag reports whether a step is a frame with the flag, and no data.
func (s Step) isFlag(flag string) bool { return s.Message == nil && !s.Ping && s.Flags == flag }
