package pool

import "time"

// How long a stream of the server's may pause while it says what it wants, and how
// long that may take in all, unless it is large: then each 16 KiB bring a second more.
const (
	firstWords = 5 * time.Second
	allWords   = 12 * firstWords
	fewWords   = 256 // bytes that bring no more time
)

// words reads what a stream of the server's wants: slowly as it may come, no longer
// than it may pause.
type words struct {
	conn  *conn
	pause time.Duration // until the next byte
	end   time.Time     // of what is being said; zero: it has not begun
}

// next waits for something new to be said, for so long.
func (w *words) next(pause time.Duration) { w.pause, w.end = pause, time.Time{} }

// Read sets both deadlines of the conn: what is answered meanwhile is bounded too.
func (w *words) Read(b []byte) (int, error) {
	until := time.Now().Add(w.pause)
	if !w.end.IsZero() && w.end.Before(until) {
		until = w.end
	}
	_ = w.conn.SetDeadline(until) // fails where reading does
	n, err := w.conn.Read(b)
	if n > 0 && w.end.IsZero() {
		w.pause, w.end = firstWords, time.Now().Add(allWords)
	}
	if n >= fewWords {
		w.end = w.end.Add(time.Duration(n) * time.Second / slowestLine)
	}
	return n, err
}
