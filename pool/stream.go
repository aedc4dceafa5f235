package pool

import (
	"bytes"
	"context"
	"io"
	"net"

	"github.com/open-nomad/rpcproxy/pool/internal/session"
	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// Stream opens a streaming call of method to the server at addr and waits until
// the server has acknowledged it, for no longer than ctx and Config.HoldTimeout
// until the first byte of that.
// It dials if there is no session.
//
// The connection is the caller's: it sends the method's request on it (WriteRequest),
// reads its frames (NewFrameReader) and must close it; ctx no longer matters then. It holds
// up to 256 KiB that came in and was not read, which is in no limit of Config.
// While it is open its session is in use: the session's orderly end waits for it,
// unless the trust on which it was made has been withdrawn (ErrDrained).
//
// Reading ends with io.EOF where the server has ended the call. The connection has a
// method CloseWrite() error, which tells the server that nothing more will be written.
// Servers take that for the caller's departure, also those between the caller and the
// one that acts: both directions end at once (Nomad 2.0.6, nomad/structs/streaming_rpc.go).
// So each method has a way of its own to end its input:
//
//   - FileSystem.Logs, FileSystem.Stream, Agent.Monitor, Agent.MonitorExport send frames
//     with a Payload: bytes where the request has PlainText, else a JSON object with
//     Offset, Data, File and FileEvent; an empty one each second means that there is
//     nothing. They end by themselves unless they follow, as Agent.Monitor always does.
//     CloseWrite ends a follow, as Close does.
//   - Event.Stream sends frames with an Event, whose Data is a JSON object with Index and
//     Events, or an empty one at the beginning and each 30 s. It does not end by itself;
//     CloseWrite ends it.
//   - Allocations.Exec sends frames whose Payload is a JSON object with stdout or stderr
//     (data, close), and at last exited with result. Its input, behind the request, is one
//     value for each message, by WriteRequest: {Stdin: {Data}}, {TtySize: {Height, Width}};
//     {Stdin: {Close: true}} ends the input and leaves the output running. CloseWrite ends
//     the call, and what the command has not sent yet is lost.
//   - Operator.SnapshotSave sends one map (ReadRequest) with SnapshotChecksum, or ErrorCode
//     and ErrorMsg, and then the snapshot, which is no frames: read the connection until
//     io.EOF and compare the checksum, since a snapshot that was cut ends the same way.
//     CloseWrite may cut it.
//   - Operator.SnapshotRestore takes the snapshot as frames (WriteFrame) behind the
//     request, and as their end a frame whose error is "EOF": WriteRequest of
//     {Error: {Message: "EOF"}}. It then sends one map (ReadRequest) with Index, or ErrorCode and
//     ErrorMsg. CloseWrite before that may cut it.
//
// Every error is a *CallError with the causes of Call. A failed opening executed
// nothing, because the request follows the acknowledgement: its outcome is
// NotSent, or Rejected if the server refused.
func (p *Pool) Stream(ctx context.Context, addr, method string) (net.Conn, error) {
	c, at, err := p.stream(ctx, addr, method)
	if err == nil {
		return c, nil
	}
	outcome := NotSent
	if at == PhaseRemote {
		outcome = Rejected
	}
	return nil, &CallError{Method: method, Server: addr, Phase: at, Outcome: outcome, Err: err}
}

// stream opens the call on a session that takes it.
func (p *Pool) stream(ctx context.Context, addr, method string) (c *session.Conn, at Phase, err error) {
	at, err = p.onSession(ctx, addr, 0, false, func(s *connection) (Phase, error) {
		var at session.Phase
		c, at, err = s.Open(ctx, method)
		return Phase(at), err
	})
	return c, at, err
}

// maxFrame bounds a frame, in bytes. Real ones carry up to 64 KiB.
const maxFrame = 16 << 20

// FrameReader reads the frames of a streaming call: of each method that Pool.Stream
// lists with frames. It may read ahead, so nothing else may read from the same
// connection any more. It belongs to one goroutine at a time.
type FrameReader struct {
	values *wire.Reader
	dec    *wire.Decoder
}

// NewFrameReader reads frames from r, most often a connection of Stream.
func NewFrameReader(r io.Reader) *FrameReader {
	return &FrameReader{values: wire.NewReader(r), dec: wire.NewDecoder()}
}

// Next is the content of the next frame, its Payload or the Data of its Event, which is
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
