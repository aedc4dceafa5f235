package testutil

import (
	"bytes"
	"fmt"
	"testing"
)

// step is one thing that happened in a recording.
type step struct {
	client  bool // the client did it
	stream  uint32
	nth     int // of this side's messages on the stream, from 0
	message *TranscriptMessage
	flags   string // of a frame that carries none
	ping    bool
}

func (s step) String() string {
	from := map[bool]string{true: "client", false: "server"}[s.client]
	switch {
	case s.ping:
		return from + ": ping " + s.flags
	case s.message != nil:
		return fmt.Sprintf("stream %d, %s: %s %d", s.stream, from, s.message.Kind, s.nth)
	default:
		return fmt.Sprintf("stream %d, %s: %s", s.stream, from, s.flags)
	}
}

// side is one direction of a stream.
type side struct {
	client   bool
	messages []*TranscriptMessage
	sent     int // bytes that frames have brought so far
	done     int // bytes of the messages that are in the script
	nth      int
}

// stepsOf puts what frames and messages tell into one order: a message is where its
// last frame was.
func stepsOf(t *testing.T, tr *Transcript) (steps []step) {
	t.Helper()
	type key struct {
		stream uint32
		dir    string
	}
	sides := map[key]*side{}
	for i := range tr.Streams {
		s := &tr.Streams[i]
		for _, dir := range []string{"c2s", "s2c"} {
			d := &side{client: dir == "c2s"}
			var all []byte
			for j := range s.Messages {
				if m := &s.Messages[j]; m.Direction == dir {
					d.messages = append(d.messages, m)
					all = append(all, m.Bytes...)
				}
			}
			sides[key{s.ID, dir}] = d
			payload := map[string]Hex{"c2s": s.ClientToServer, "s2c": s.ServerToClient}[dir]
			if !bytes.Equal(all, payload) {
				t.Fatalf("stream %d %s: the messages are not all there is", s.ID, dir)
			}
		}
	}
	for _, f := range tr.Frames {
		client := f.Direction == "c2s"
		if f.Type == "ping" {
			steps = append(steps, step{client: client, flags: f.Flags, ping: true})
			continue
		}
		if f.Flags != "" {
			steps = append(steps, step{client: client, stream: f.Stream, flags: f.Flags})
		}
		if f.Type != "data" {
			continue
		}
		d := sides[key{f.Stream, f.Direction}]
		for d.sent += int(f.Length); len(d.messages) > 0 && d.done+len(d.messages[0].Bytes) <= d.sent; d.nth++ {
			m := d.messages[0]
			steps = append(steps, step{client: client, stream: f.Stream, nth: d.nth, message: m})
			d.done += len(m.Bytes)
			d.messages = d.messages[1:]
		}
	}
	for k, d := range sides {
		if len(d.messages) > 0 {
			t.Fatalf("stream %d %s: %d messages are in no frame", k.stream, k.dir, len(d.messages))
		}
	}
	return steps
}

// isFlag tells whether a step is a frame with the flag, and no data.
func (s step) isFlag(flag string) bool { return s.message == nil && !s.ping && s.flags == flag }
