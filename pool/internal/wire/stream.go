package wire

import "fmt"

// RequestHeader is the first value of a request.
type RequestHeader struct {
	Seq           uint64 // echoed in the reply
	ServiceMethod string
}

// Request reads a request's header from b, which holds exactly that. Anything but
// a map is ErrMalformed.
func (d *Decoder) Request(b []byte, h *RequestHeader) error {
	*h = RequestHeader{}
	return d.pairs(b, "request header", h)
}

// Stream reads the header of a streaming call from b and answers its method.
func (d *Decoder) Stream(b []byte) (method string, err error) {
	var h struct{ Method string }
	err = d.pairs(b, "stream header", &h)
	return h.Method, err
}

// Frame is one value of a streaming call's output: an error or a payload.
type Frame struct {
	Error *struct {
		Code    int
		Message string
	}
	Payload []byte
}

// Frame reads a frame from b, which holds exactly that.
func (d *Decoder) Frame(b []byte, f *Frame) error {
	*f = Frame{}
	return d.pairs(b, "stream frame", f)
}

// pairs reads b, a map of known fields.
func (d *Decoder) pairs(b []byte, what string, v any) error {
	if len(b) == 0 || forms[b[0]].kind != pairs {
		return fmt.Errorf("%w: a %s is a map, not 0x%02x", ErrMalformed, what, b[:min(len(b), 1)])
	}
	if err := d.decode(b, v); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrMalformed, what, err)
	}
	return nil
}

// Reply appends the header and body of one answer to buf. The error is the
// codec's: body holds what msgpack cannot express; buf is then as it was.
func (e *Encoder) Reply(buf []byte, h Header, body any) ([]byte, error) {
	out := append(buf, 0x83) //nolint:gocritic // buf itself is kept for the error
	out = appendString(appendString(out, "Error"), h.Error)
	out = appendUint(appendString(out, "Seq"), h.Seq)
	out = appendString(appendString(out, "ServiceMethod"), h.ServiceMethod)
	out, err := e.value(out, body)
	if err != nil {
		return buf, err
	}
	return out, nil
}

// Nothing is the body of an answer that is an error: an empty map.
var Nothing = struct{}{}

// AppendStream appends the header of a streaming call.
func AppendStream(buf []byte, method string) []byte {
	return appendString(appendString(append(buf, 0x81), "Method"), method)
}

// AppendAck appends the acknowledgement of a streaming call; an empty text is a
// good one.
func AppendAck(buf []byte, text string) []byte {
	return appendString(appendString(append(buf, 0x81), "Error"), text)
}

// AppendFrame appends a frame with a payload; without one it is nil.
func AppendFrame(buf, payload []byte) []byte {
	buf = append(appendString(append(buf, 0x82), "Error"), 0xc0)
	return appendPayload(buf, payload)
}

// AppendFailure appends a frame that reports a failure.
func AppendFailure(buf []byte, code int, message string) []byte {
	buf = append(appendString(append(buf, 0x82), "Error"), 0x82)
	buf = appendInt(appendString(buf, "Code"), code)
	buf = appendString(appendString(buf, "Message"), message)
	return appendPayload(buf, nil)
}

func appendPayload(buf, payload []byte) []byte {
	buf = appendString(buf, "Payload")
	if payload == nil {
		return append(buf, 0xc0)
	}
	return appendString(buf, payload)
}
