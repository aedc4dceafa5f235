package pool

import (
	"bytes"
	"fmt"
	"io"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// maxFrame bounds a frame, in bytes. Real ones carry up to 64 KiB.
const maxFrame = 16 << 20

// FrameReader reads the frames of a streaming call: of each method that Pool.Stream
// lists with frames. It may read ahead, so nobody else may read from the same
// connection any more. It belongs to one goroutine at a time.
type FrameReader struct {
	values *wire.Reader
	dec    *wire.Decoder
}

// NewFrameReader reads frames from r, most often a connection of Stream.
func NewFrameReader(r io.Reader) *FrameReader {
	return &FrameReader{values: wire.NewReader(r), dec: wire.NewDecoder()}
}

// Next is what the next frame carries, its Payload or the Data of its Event, which is
// the caller's. It blocks until a frame is there. It is empty where a server has
// nothing to say but that it is alive, as a log in plain text does each second; an
// Event.Stream then carries an empty JSON object. The error is io.EOF when the stream
// ended between two frames, *StreamError for a frame that reports one, *ProtocolError,
// also for a frame that has none of these and then with the names that it has,
// *SizeError, or that of the connection.
func (f *FrameReader) Next() ([]byte, error) {
	raw, err := f.value()
	if err != nil {
		return nil, err
	}
	var frame wire.Frame
	if err := f.dec.Frame(raw, &frame); err != nil {
		return nil, garbled(err)
	}
	if frame.Error != nil {
		return nil, streamError(frame.Error.Code, frame.Error.Message)
	}
	return frame.Data(), nil
}

// NextRaw is the next frame as it came, which is the caller's: also one that reports an
// error, or that Next would refuse. Any msgpack value is a frame here, so it also reads
// what is none, such as the input of Allocations.Exec. The errors are those of Next, but
// for *StreamError.
func (f *FrameReader) NextRaw() (Raw, error) {
	raw, err := f.value()
	return bytes.Clone(raw), err
}

// value is the next value, valid until the one after it.
func (f *FrameReader) value() ([]byte, error) {
	raw, err := f.values.Value(maxFrame)
	if err != nil {
		return nil, garbled(err)
	}
	return raw, nil
}

// WriteFrame writes one frame with payload to w. The error is that of w.
func WriteFrame(w io.Writer, payload []byte) error {
	_, err := w.Write(wire.AppendFrame(nil, payload))
	return err
}

// StreamError is a failure that one side of a streaming call reports in a frame,
// after the acknowledgement. errors.Is reaches the sentinels of this package, such
// as ErrPermissionDenied, and errors.AsType a *RemoteError that has read Message.
type StreamError struct {
	// Code is as HTTP has them: 404, 403, 500; 0 if there was none. Where Message is
	// a coded error itself, it is the code in there: a server that relays one reports
	// it with code 500.
	Code    int
	Message string // as sent
}

// streamError is what a frame reports.
func streamError(code int, message string) *StreamError {
	if _, _, inner := peeled(message); inner != 0 {
		code = inner
	}
	return &StreamError{Code: code, Message: message}
}

func (e *StreamError) Error() string {
	return fmt.Sprintf("stream failed with code %d: %s", e.Code, e.Message)
}

// Unwrap is the *RemoteError that Message stands for.
func (e *StreamError) Unwrap() error {
	r := remoteError(e.Message)
	if r.Code == 0 {
		r.Code = e.Code
		if m := read(r.Text, r.Hops, r.Code, mostNested); m.kind != nil {
			r.Kind, r.effect = m.kind, m.effect
		}
	}
	return r
}
