package consul

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/open-nomad/rpcproxy/internal/contain"
)

// Bounds of an answer, in bytes, objects and values.
const (
	maxHeader  = 64 << 10
	maxBody    = 4 << 20
	maxValues  = maxBody / 16 // counted by the commas between them: what Consul writes has one for 20 bytes or more
	maxObjects = 32 << 10     // in it, and entries of a list: an empty one of 2 bytes takes some 500 once it is read
	maxText    = 4 << 10      // of an answer that is an error
)

// bounded is a transport that cuts answers off where they get too large. It belongs to one
// walk, which makes one request at a time.
type bounded struct {
	http.RoundTripper
	wait *time.Duration // how long the last answer asks to be left alone; 0: it does not
}

func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	if tag, ok := req.Context().Value(tagKey{}).(string); ok {
		req = req.Clone(req.Context())
		parameters := req.URL.Query()
		parameters.Set("tag", tag)
		req.URL.RawQuery = parameters.Encode()
	}
	*b.wait = 0
	resp, err := b.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		*b.wait = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	}
	if resp.StatusCode == http.StatusOK {
		resp.Body = &body{ReadCloser: resp.Body, bytes: maxBody, objects: maxObjects, values: maxValues}
	} else {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxText), resp.Body}
	}
	return resp, nil
}

// maxWait bounds how long Consul is left alone because it asks for that.
const maxWait = 5 * time.Minute

// retryAfter reads the header of that name, which has seconds or a time; 0: it has neither.
// https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(maxWait/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), maxWait)
	}
	return 0
}

// body fails with ErrTooLarge beyond its bounds, and with a readError where the connection
// fails. The fields are what is left of the bounds.
type body struct {
	io.ReadCloser
	bytes, objects, values int
}

func (b *body) Read(p []byte) (int, error) {
	if b.exceeded() {
		return 0, ErrTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.bytes+1)])
	b.bytes -= n
	b.objects -= bytes.Count(p[:n], []byte{'{'})
	b.values -= bytes.Count(p[:n], []byte{','})
	switch {
	case b.exceeded():
		return 0, ErrTooLarge
	case err != nil && err != io.EOF:
		return n, &readError{err}
	}
	return n, err
}

func (b *body) exceeded() bool { return b.bytes < 0 || b.objects < 0 || b.values < 0 }

// readError marks the error of a connection, as opposed to that of a malformed answer.
type readError struct{ err error }

func (e *readError) Error() string { return contain.Text(e.err) }

func (e *readError) Unwrap() error { return e.err }
