package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"sync"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// text is a string as msgpack has it.
func text(s string) []byte {
	switch n := len(s); {
	case n < 32:
		return append([]byte{0xa0 | byte(n)}, s...)
	default:
		return append(announce(0xdb, uint32(n)), s...)
	}
}

// announce is the beginning of a value of a form whose length takes four bytes: 0xdb
// for strings, 0xc6 for bytes, 0xdd for lists, 0xdf for maps, 0xc9 for extensions.
func announce(form byte, n uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{form}, n)
}

// number is one in its longest form.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64([]byte{0xcf}, n) }

// many is b, n times.
func many(n int, b ...byte) []byte { return bytes.Repeat(b, n) }

// lazy is bytes that are made when they are needed, once: the victim's process has the
// tables of attacks, too, and must not have their bytes.
type lazy func() []byte

// is is bytes that are there.
func is(parts ...[]byte) lazy { return func() []byte { return join(parts...) } }

// repeated is b, n times.
func repeated(n int, b ...byte) lazy { return sync.OnceValue(func() []byte { return many(n, b...) }) }

// then is all of it, one after the other.
func then(parts ...lazy) lazy {
	return sync.OnceValue(func() []byte {
		var b []byte
		for _, part := range parts {
			b = append(b, part()...)
		}
		return b
	})
}

// long is text that repeats s, n times, as msgpack has it.
func long(n int, s string) lazy {
	return then(is(announce(0xdb, uint32(n*len(s)))), repeated(n, []byte(s)...))
}

// join is all of it, one after the other.
func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// fields is a map whose keys are text: key, value, key, value.
func fields(keysAndValues ...[]byte) []byte {
	return join(announce(0xdf, uint32(len(keysAndValues)/2)), join(keysAndValues...))
}

// header is that of a reply.
func header(seq uint64, failure string) []byte {
	return join([]byte{0x83}, text("Error"), text(failure), text("Seq"), number(seq), text("ServiceMethod"), text("Echo.Echo"))
}

// reply is a whole one.
func reply(seq uint64, failure string, body []byte) []byte { return join(header(seq, failure), body) }

// goodBody is what a good server answers to a call here.
var goodBody = text("good")

// acknowledgement is that of a streaming call.
func acknowledgement(failure string) []byte { return join([]byte{0x81}, text("Error"), text(failure)) }

// call is the beginning of a reverse call, up to its arguments.
func call(method string) []byte {
	return join([]byte{1, 0x82}, text("Seq"), []byte{1}, text("ServiceMethod"), text(method))
}

// request is what has come in on a stream of the agent, and is not answered yet.
type request struct {
	came []byte
	mode byte // the first byte; zero: it has not come
}

var handle = func() *codec.MsgpackHandle {
	h := new(codec.MsgpackHandle)
	h.RawToString, h.MapType = true, reflect.TypeFor[map[string]any]()
	return h
}()

// next takes the next whole request. What cannot be read stays there.
func (q *request) next() (a ask, ok bool) {
	if q.mode == 0 {
		if len(q.came) == 0 {
			return a, false
		}
		q.mode, q.came = q.came[0], q.came[1:]
	}
	if q.mode == streamingDone {
		q.came = nil // what the streaming call itself sends
		return a, false
	}
	d := codec.NewDecoderBytes(q.came, handle)
	if q.mode == 5 {
		var h struct{ Method string }
		if d.Decode(&h) != nil {
			return a, false
		}
		q.mode, q.came = streamingDone, nil
		return ask{method: h.Method, streaming: true}, true
	}
	var h struct {
		Seq           uint64
		ServiceMethod string
	}
	var args any
	if errors.Join(d.Decode(&h), d.Decode(&args)) != nil {
		return a, false
	}
	q.came = bytes.Clone(q.came[d.NumBytesRead():])
	return ask{seq: h.Seq, method: h.ServiceMethod}, true
}

// streamingDone stands for the mode of a stream whose opening was read.
const streamingDone = 0xff
