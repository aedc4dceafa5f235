package pool

import (
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

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

// writeFailure writes the frame that reports err, with its code.
func writeFailure(w io.Writer, err error) error {
	code, message := failure(err)
	_, err = w.Write(wire.AppendFailure(nil, code, message))
	return err
}

// failure is the code and the text that a stream's handler is answered for with:
// those of a *StreamError; the code of a *RemoteError, of an error that has a method
// Code() int or of a text that begins as coded errors do; those of HTTP for the
// sentinels that have one; else 500.
func failure(err error) (code int, message string) {
	if e, ok := errors.AsType[*StreamError](err); ok {
		return e.Code, e.Message
	}
	text, _, inner := peeled(err.Error())
	if inner != 0 {
		return inner, text
	}
	message = err.Error()
	if e, ok := errors.AsType[*RemoteError](err); ok && e.Code != 0 {
		return e.Code, message
	}
	var coded interface{ Code() int }
	switch {
	case errors.As(err, &coded) && coded.Code() != 0:
		return coded.Code(), message
	case errors.Is(err, ErrPermissionDenied):
		return 403, message
	case errors.Is(err, ErrUnknownAllocation), errors.Is(err, ErrUnknownNode):
		return 404, message
	}
	return 500, message
}

// answerText is what a call's handler is answered for with. An error that came from
// a server goes on as that sent it, with its code. It is never empty: that is an answer.
func answerText(err error) string {
	if e, ok := err.(*RemoteError); ok && e.Raw != "" { //nolint:errorlint // a wrapped one has more to say
		return e.Raw
	}
	return cmp.Or(err.Error(), fmt.Sprintf("an error of type %T without a text", err))
}
