package session

import "time"

const (
	// requestPause is how long a request of the server's may pause on its way in.
	requestPause = 5 * time.Second
	// requestTime is how long it may take in all; if it is large, each 16 KiB add a second.
	requestTime = 12 * requestPause
	// trickle is up to how many bytes in one read add no time.
	trickle = 256
)

// requestReader reads the requests of one of the server's streams, with a time limit for
// each.
type requestReader struct {
	conn  *Conn
	pause time.Duration // until the next byte
	end   time.Time     // of the request; zero: it has not begun
}

// next expects another request to begin within pause.
func (r *requestReader) next(pause time.Duration) { r.pause, r.end = pause, time.Time{} }

// Read sets the deadline for reading: nobody else reads. Answers bound themselves.
func (r *requestReader) Read(b []byte) (int, error) {
	until := time.Now().Add(r.pause)
	if !r.end.IsZero() && r.end.Before(until) {
		until = r.end
	}
	_ = r.conn.SetReadDeadline(until) // fails where reading does
	n, err := r.conn.Read(b)
	if n > 0 && r.end.IsZero() {
		r.pause, r.end = requestPause, time.Now().Add(requestTime)
	}
	if n >= trickle {
		r.end = r.end.Add(time.Duration(n) * time.Second / slowestLine)
	}
	return n, err
}
