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

// pairs reads b, a map of known fields.
func (d *Decoder) pairs(b []byte, what string, v any) error {
	if len(b) == 0 || forms[b[0]].kind != pairs {
		return fmt.Errorf("%w: a %s is a map, not 0x%02x", ErrMalformed, what, b[:min(len(b), 1)])
	}
	if err := d.decode(b, v, handle); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrMalformed, what, err)
	}
	return nil
}

// AppendReply appends the header of one answer.
func AppendReply(buf []byte, h Header) []byte {
	buf = append(buf, 0x83) // a map of three
	buf = appendString(appendString(buf, "Error"), h.Error)
	buf = appendUint(appendString(buf, "Seq"), h.Seq)
	return appendString(appendString(buf, "ServiceMethod"), h.ServiceMethod)
}

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
	buf = appendInt(appendString(buf, "Code"), int64(code))
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
