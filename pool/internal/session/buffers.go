package session

import (
	"sync"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// buffers are what one call needs. A call stream has them from the request to the reply;
// an idle one has none.
type buffers struct {
	request []byte        // room for a frame's head, then the request
	reply   []byte        // up to freeReply bytes, but while a large one comes in
	small   []byte        // in whose place reply is a large one
	large   *largeBuffer  // that reply was; nil: it was made for the call
	enc     *wire.Encoder // these two: nil where one was left amid its work
	dec     *wire.Decoder

	more *requestStream // makes the request, of which request is a piece; nil: it was made as a whole
	at   *callStream    // while more makes a piece amid the exchange
}

// largeBuffer is the buffer of a reply that is large. It is taken when so much has come in
// that it is needed: a call that waits for its answer, maybe for minutes, holds none.
type largeBuffer struct{ b []byte }

// keepBuffer is the largest buffer that is kept for other calls. A larger one costs
// its call more than getting it does.
const keepBuffer = 1 << 20

var spares = sync.Pool{New: func() any {
	return &buffers{request: make([]byte, 0, 512)}
}}

var larges sync.Pool // of *largeBuffer

func takeBuffers() *buffers {
	b, _ := spares.Get().(*buffers)
	if b.enc == nil {
		b.enc, b.dec = wire.NewEncoder(), wire.NewDecoder()
	}
	return b
}

// takeLarge is a spare buffer for size bytes, and not for many times as many: a reply that
// comes in slowly would hold it. nil: there is none.
func takeLarge(size int) *largeBuffer {
	if size > keepBuffer {
		return nil
	}
	large, _ := larges.Get().(*largeBuffer)
	if large != nil && (cap(large.b) < size || cap(large.b) > spareTimes*size) {
		larges.Put(large)
		return nil
	}
	return large
}

// spareTimes is how many times as large as it must be a spare buffer may be.
const spareTimes = 8

// stream begins a request behind what is in the buffer already, and makes the first piece.
func (b *buffers) stream(codec Codec, v any) error {
	b.more = newRequestStream(&b.request, codec.Write, v)
	return b.more.make()
}

// end ends what makes the request, if there is that. A frame with the last piece may be pending.
func (b *buffers) end(pending bool) {
	if b.more != nil {
		b.more.end(pending)
		b.more, b.at = nil, nil
	}
}

// release returns buffers that no other goroutine reads any more.
func (b *buffers) release() {
	b.end(false)
	if size := cap(b.reply); size > freeReply {
		if size <= keepBuffer {
			if b.large == nil {
				b.large = new(largeBuffer)
			}
			b.large.b = b.reply[:0]
			larges.Put(b.large)
		}
		b.reply, b.small, b.large = b.small, nil, nil
	}
	if cap(b.request) <= keepBuffer {
		spares.Put(b)
	}
}
