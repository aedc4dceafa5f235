package pool

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// sessionErrors makes the errors of sessions, as session.Errors says.
type sessionErrors struct{}

func (sessionErrors) Protocol(layer, reason string, cause error) error {
	return &ProtocolError{Layer: layer, Reason: reason, Err: cause}
}

func (sessionErrors) Garbled(err error) error { return garbled(err) }

// garbled is an error of package wire as callers see it, or another one as it is.
func garbled(err error) error {
	if errors.Is(err, wire.ErrMalformed) {
		return &ProtocolError{Layer: "rpc", Reason: err.Error(), Err: err}
	}
	if size, ok := err.(*wire.SizeError); ok { //nolint:errorlint // wire returns it bare
		return (*SizeError)(size)
	}
	return err
}

func (sessionErrors) Hold(limit time.Duration, received int64) error {
	return &HoldError{Limit: limit, Received: received}
}

func (sessionErrors) Encode(args any, err error) error {
	return &EncodeError{Args: fmt.Sprintf("%T", args), Err: err}
}

func (sessionErrors) Decode(reply any, err error) error {
	return &DecodeError{Reply: fmt.Sprintf("%T", reply), Err: err}
}

func (sessionErrors) Remote(text string) (err error, closes bool) {
	remote := remoteError(text)
	return remote, remote.Kind == ErrUnknownMethod || remote.Kind == ErrBadRequest //nolint:errorlint // the very values
}

// Text sends an error that came from a server on as that sent it, with its code.
func (sessionErrors) Text(err error) string {
	if e, ok := err.(*RemoteError); ok && e.Raw != "" { //nolint:errorlint // a wrapped one has more to say
		return e.Raw
	}
	return cmp.Or(err.Error(), fmt.Sprintf("an error of type %T without a text", err))
}

// Coded is the code and the text of a *StreamError; the code of a *RemoteError, of an
// error that has a method Code() int or of a text that begins as coded errors do; those of
// HTTP for the sentinels that have one; else 500.
func (sessionErrors) Coded(err error) (code int, text string) {
	if e, ok := errors.AsType[*StreamError](err); ok {
		return e.Code, e.Message
	}
	peeledText, _, inner := peeled(err.Error())
	if inner != 0 {
		return inner, peeledText
	}
	text = err.Error()
	if e, ok := errors.AsType[*RemoteError](err); ok && e.Code != 0 {
		return e.Code, text
	}
	var coded interface{ Code() int }
	switch {
	case errors.As(err, &coded) && coded.Code() != 0:
		return coded.Code(), text
	case errors.Is(err, ErrPermissionDenied):
		return 403, text
	case errors.Is(err, ErrUnknownAllocation), errors.Is(err, ErrUnknownNode):
		return 404, text
	}
	return 500, text
}
