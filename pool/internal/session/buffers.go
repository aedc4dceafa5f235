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
	given   bool          // the caller's value may share reply
	enc     *wire.Encoder // these two: nil where one was left amid its work
	dec     *wire.Decoder
	scan    wire.Scanner // of the reply

	more *requestStream // makes the request, of which request is a piece; nil: it was made as a whole
	at   *callStream    // while more makes a piece amid the exchange
}

// keepBuffer is the largest buffer of a request that is kept for other calls.
const keepBuffer = 1 << 20

var spares = sync.Pool{New: func() any {
	return &buffers{request: make([]byte, 0, 512)}
}}

func takeBuffers() *buffers {
	b, _ := spares.Get().(*buffers)
	if b.enc == nil {
		b.enc, b.dec = wire.NewEncoder(), wire.NewDecoder()
	}
	return b
}

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
	if cap(b.reply) > freeReply {
		if !b.given {
			putLarge(b.reply)
		}
		b.reply, b.small, b.given = b.small, nil, false
	}
	if cap(b.request) <= keepBuffer {
		spares.Put(b)
	}
}
