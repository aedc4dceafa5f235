package pool

import (
	"io"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// maxFrame bounds a frame, in bytes. Real ones carry up to 64 KiB.
const maxFrame = 16 << 20

// FrameReader reads the frames of a streaming call. It may read ahead, so nobody
// else may read from the same connection any more. It belongs to one goroutine at
// a time.
type FrameReader struct {
	values *wire.Reader
	dec    *wire.Decoder
}

// NewFrameReader reads frames from r, most often a connection of Stream.
func NewFrameReader(r io.Reader) *FrameReader {
	return &FrameReader{values: wire.NewReader(r), dec: wire.NewDecoder()}
}

// Next is the payload of the next frame, which is the caller's. It blocks until a
// frame is there. The error is io.EOF when the stream ended between two frames,
// *StreamError for a frame that reports one, *ProtocolError, *SizeError, or that
// of the connection.
func (f *FrameReader) Next() ([]byte, error) {
	raw, err := f.values.Value(maxFrame)
	if err != nil {
		return nil, garbled(err)
	}
	var frame wire.Frame
	if err := f.dec.Frame(raw, &frame); err != nil {
		return nil, garbled(err)
	}
	if frame.Error != nil {
		return nil, streamError(frame.Error.Code, frame.Error.Message)
	}
	return frame.Payload, nil
}

// WriteFrame writes one frame with payload to w. The error is that of w.
func WriteFrame(w io.Writer, payload []byte) error {
	_, err := w.Write(wire.AppendFrame(nil, payload))
	return err
}
