package mux_test

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/pool/internal/mux"
	"github.com/open-nomad/rpcproxy/pool/internal/mux/muxtest"
)

// The sender of a frame knows whether any byte of it was handed over.
func Example() {
	transport := &muxtest.Conn{Hold: make(chan struct{})} // it takes nothing for now
	conn := mux.New(transport, mux.Config{Origin: time.Now(), In: new(atomic.Uint64), Out: new(atomic.Uint64)})

	frame := func(body string) *mux.Frame {
		f := &mux.Frame{Notify: make(chan struct{}, 1)}
		f.SetData(1, append(make([]byte, mux.HeadSize), body...))
		return f
	}
	first, second, third := frame("first"), frame("second"), frame("third")
	resume, _ := conn.Pause()
	conn.Send(first)
	conn.Send(second)
	conn.Send(third)
	fmt.Println("withdrawn:", second.Recall(0) == mux.FrameWithdrawn)
	close(transport.Hold)
	resume()
	<-third.Notify
	fmt.Println("withdrawn:", first.Recall(0) == mux.FrameWithdrawn)
	fmt.Printf("%q\n", transport.Writes)
	// Output:
	// withdrawn: true
	// withdrawn: false
	// ["\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x05first\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x05third"]
}
