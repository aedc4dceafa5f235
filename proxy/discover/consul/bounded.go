package consul

import (
	"bytes"
	"io"
	"net/http"

	"github.com/open-nomad/rpcproxy/internal/contain"
)

// Bounds of an answer, in bytes and objects.
const (
	maxHeader  = 64 << 10
	maxBody    = 4 << 20
	maxObjects = 32 << 10 // an empty one of 2 bytes takes some 500 once it is read
	maxText    = 4 << 10  // of an answer that is an error
)

// bounded is a transport that cuts answers off where they get too large.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		resp.Body = &body{ReadCloser: resp.Body, bytes: maxBody, objects: maxObjects}
	} else {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxText), resp.Body}
	}
	return resp, nil
}

// body fails with ErrTooLarge beyond its bounds, and with a readError where the connection
// fails. The fields are what is left of the bounds.
type body struct {
	io.ReadCloser
	bytes, objects int
}

func (b *body) Read(p []byte) (int, error) {
	if b.bytes < 0 || b.objects < 0 {
		return 0, ErrTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.bytes+1)])
	b.bytes -= n
	b.objects -= bytes.Count(p[:n], []byte{'{'})
	switch {
	case b.bytes < 0 || b.objects < 0:
		return 0, ErrTooLarge
	case err != nil && err != io.EOF:
		return n, &readError{err}
	}
	return n, err
}

// readError marks the error of a connection, as opposed to that of a malformed answer.
type readError struct{ err error }

func (e *readError) Error() string { return contain.Text(e.err) }

func (e *readError) Unwrap() error { return e.err }
