package session

import "sync"

// buffers are what one call needs. A call stream has them from the request to the reply;
// an idle one has none.
type buffers struct {
	request []byte // room for a frame's head, then the request
	reply   []byte
}

// keepBuffer is the largest buffer that is kept for other calls. A larger one costs
// its call more than getting it does.
const keepBuffer = 1 << 20

var spares = sync.Pool{New: func() any { return &buffers{request: make([]byte, 0, 512)} }}

func takeBuffers() *buffers {
	b, _ := spares.Get().(*buffers)
	return b
}

// release returns buffers that no other goroutine reads any more.
func (b *buffers) release() {
	if cap(b.request) <= keepBuffer && cap(b.reply) <= keepBuffer {
		spares.Put(b)
	}
}
