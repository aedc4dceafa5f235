package pool

import "time"

// bulk is how many bytes of replies came in within a second. A server that sends or
// takes a large message over a slow path may have other answers queued behind it, so
// it is given more time to answer. Bytes that trickle in are none.
type bulk struct {
	from  int64 // when the second began, as in lastRead
	bytes int
}

const (
	bulkBytes = 16 << 10 // of replies, within a second
	bulkFrame = 4 << 10  // of a request, in one frame that is not its first
)

// passed counts n bytes of a reply. Only the reading goroutine calls it.
func (t *tap) passed(n int) {
	b, now := &t.reading.bulk, t.reading.now
	if now-b.from > int64(time.Second) {
		*b = bulk{from: now}
	}
	if b.bytes += n; b.bytes >= bulkBytes {
		*b = bulk{from: now}
		t.lastBulk.Store(now)
	}
}

// bulkAt is when much of a large message had passed last; zero: never.
func (t *tap) bulkAt() time.Time {
	if at := t.lastBulk.Load(); at != 0 {
		return t.origin.Add(time.Duration(at))
	}
	return time.Time{}
}
