package pool

import "sync"

// buffers are what one call needs. A lane has them from its request to its reply;
// one that is idle holds none.
type buffers struct {
	request []byte // room for a frame's head, then the request
	reply   []byte
}

// keepBuffer is the largest buffer that is kept for other calls. A larger one costs
// its call more than getting it does.
const keepBuffer = 1 << 20

// spares are those that no call needs at the moment. The garbage collector takes
// what stays there.
var spares = sync.Pool{New: func() any { return &buffers{request: make([]byte, 0, 512)} }}

// lend hands out buffers.
func lend() *buffers {
	b, _ := spares.Get().(*buffers)
	return b
}

// put is for buffers that nobody looks at any more.
func (b *buffers) put() {
	if cap(b.request) <= keepBuffer && cap(b.reply) <= keepBuffer {
		spares.Put(b)
	}
}
