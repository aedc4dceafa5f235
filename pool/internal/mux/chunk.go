package mux

// chunk is bytes that came in one after the other.
type chunk struct {
	bytes    []byte // as many as it can hold
	from, to int    // those to be read
}

// The smallest and the largest chunk, and how much a chunk may hold that stays when all of it
// was read, in bytes.
const (
	chunkLeast = 512
	chunkMost  = 16 << 10
	chunkKept  = FreeBytes
)

// space is room for up to want bytes in the last chunk, or in a new one. lost reports the first
// time that there is none for want of a share.
func (i *inbox) space(want int) (space []byte, lost bool) {
	if i.ended != nil || i.overrun {
		return nil, false
	}
	if n := len(i.chunks); n > 0 && i.chunks[n-1].to < len(i.chunks[n-1].bytes) {
		i.into = i.chunks[n-1]
	} else {
		size := min(max(want, chunkLeast), chunkMost)
		if !i.resize(size) {
			if size = FreeBytes - i.size; size <= 0 {
				i.overrun = true
				i.wake()
				return nil, true
			}
			i.resize(size) // which does not count
		}
		i.into = &chunk{bytes: make([]byte, size)}
		i.chunks = append(i.chunks, i.into)
	}
	room := i.into.bytes[i.into.to:]
	return room[:min(want, len(room))], false
}

// resize counts chunks of n bytes more, or fewer. It reports false where the share has no room.
func (i *inbox) resize(n int) bool {
	more := max(int64(i.size+n)-FreeBytes, 0) - i.charged
	switch {
	case !i.counted:
	case more < 0:
		i.conn.Share.Give(-more)
		i.charged += more
	case more > 0:
		if !i.conn.Share.Take(more) {
			return false
		}
		i.charged += more
	}
	i.size += n
	return true
}

// clear forgets what came in.
func (i *inbox) clear() {
	i.chunks, i.into = nil, nil
	i.resize(-i.size)
}

// release gives up the first chunk if all of it was read and it is full or large. It reports
// false if the chunk stays.
func (i *inbox) release(c *chunk) bool {
	switch {
	case c.from < c.to || c == i.into:
		return false
	case c.to < len(c.bytes) && len(c.bytes) <= chunkKept:
		c.from, c.to = 0, 0
		return false
	}
	i.chunks[0] = nil
	if i.chunks = i.chunks[1:]; len(i.chunks) == 0 {
		i.chunks = nil
	}
	i.resize(-len(c.bytes))
	return true
}
