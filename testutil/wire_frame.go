package testutil

import (
	"bufio"
	"errors"
	"io"
	"net"
)

// StreamFrame is one frame of a streaming call's output.
type StreamFrame struct {
	Error   *StreamError
	Payload []byte
}

// EventFrame is one frame of Event.Stream, whose output has a form of its own.
type EventFrame struct {
	Error *StreamError
	Event *EventData
}

// EventData is what an event stream sends at once, as JSON. "{}" only means that
// the stream lives.
type EventData struct{ Data []byte }

// StreamError is a failure that a streaming call reports in a frame.
type StreamError struct {
	Code    int // as in HTTP; zero: none was given
	Message string
}

func (e *StreamError) Error() string { return e.Message }

// onWire is the error in the form of real servers, whose code may be nil.
func (e *StreamError) onWire() *frameError {
	if e == nil {
		return nil
	}
	out := &frameError{Message: e.Message}
	if e.Code != 0 {
		out.Code = &e.Code
	}
	return out
}

type frameError struct {
	Code    *int
	Message string
}

// WriteFrame sends one frame of a streaming call's output. It blocks while the
// client does not read. The error is that of the connection.
func WriteFrame(c net.Conn, f StreamFrame) error {
	return writeValue(c, struct {
		Error   *frameError
		Payload []byte
	}{f.Error.onWire(), f.Payload})
}

// WriteEvent sends one frame of Event.Stream; data is JSON. See [WriteFrame].
func WriteEvent(c net.Conn, data []byte) error {
	return writeValue(c, struct {
		Error *frameError
		Event *EventData
	}{nil, &EventData{Data: data}})
}

// WriteEventError sends the frame of Event.Stream with the reason why it ends. See
// [WriteFrame].
func WriteEventError(c net.Conn, e StreamError) error {
	return writeValue(c, struct {
		Error *frameError
		Event *EventData
	}{e.onWire(), nil})
}

func writeValue(w io.Writer, v any) error {
	out, err := encode(nil, v)
	if err != nil {
		return err
	}
	_, err = w.Write(out)
	return err
}

// FrameReader reads the frames of one streaming call, of either form. Only one
// goroutine may use it.
type FrameReader struct{ r *bufio.Reader }

// NewFrameReader returns a reader of what comes on c from now on. It reads ahead:
// c is not of use without it any more.
func NewFrameReader(c io.Reader) *FrameReader { return &FrameReader{r: bufio.NewReader(c)} }

// Read returns the next frame. It blocks until that is there. The error is io.EOF
// after the last one, *MalformedError, *StreamError for what the frame itself
// reports, or that of the connection.
func (f *FrameReader) Read() (StreamFrame, error) {
	var frame StreamFrame
	err := f.into(&frame)
	if err == nil && frame.Error != nil {
		err = frame.Error
	}
	return frame, err
}

// ReadEvent is Read for Event.Stream: it returns the JSON of the next frame.
func (f *FrameReader) ReadEvent() ([]byte, error) {
	var frame EventFrame
	switch err := f.into(&frame); {
	case err != nil:
		return nil, err
	case frame.Error != nil:
		return nil, frame.Error
	case frame.Event == nil:
		return nil, errors.New("testutil: the frame has neither an event nor an error")
	}
	return frame.Event.Data, nil
}

func (f *FrameReader) into(frame any) error { return readInto(f.r, frame) }

// WriteStreamRequest sends the request map of a streaming call. The error is that
// of the connection, or of encoding it.
func WriteStreamRequest(c net.Conn, args any) error { return writeValue(c, args) }

// fileFrame is the JSON in the payload of a log or file stream.
type fileFrame struct {
	Offset    int64  `json:",omitempty"`
	Data      []byte `json:",omitempty"`
	File      string `json:",omitempty"`
	FileEvent string `json:",omitempty"`
}
