package main

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"

	"github.com/open-nomad/rpcproxy/testutil"
)

// headBytes is the length of the head of a yamux frame.
const headBytes = 12

var (
	frameTypes = [...]string{"data", "window_update", "ping", "go_away"}
	frameFlags = [...]string{"SYN", "ACK", "FIN", "RST"}
)

func dirOf(client bool) string {
	if client {
		return "c2s"
	}
	return "s2c"
}

// flow is one direction of the connection.
type flow struct {
	raw    []byte
	parsed int // bytes that belong to complete frames
}

// framed is a frame and where its body is in the raw bytes of its direction.
type framed struct {
	testutil.TranscriptFrame
	client   bool
	from, to int
}

// wire is the connection's bytes, below the messages.
type wire struct {
	client, server flow
	frames         []framed
	closed         []string
}

// cut divides the chunks of a connection into frames. The error names what is no
// yamux.
func cut(chunks []chunk) (*wire, error) {
	w := &wire{}
	w.client.parsed = 1 // the mode byte of the connection
	for _, c := range chunks {
		if c.eof {
			w.closed = append(w.closed, fmt.Sprintf("%s EOF at %d us", dirOf(c.client), c.at.Microseconds()))
			continue
		}
		f := &w.server
		if c.client {
			f = &w.client
		}
		f.raw = append(f.raw, c.data...)
		for {
			frame, ok, err := f.next()
			if err != nil {
				return nil, err
			}
			if !ok {
				break
			}
			frame.client, frame.Direction, frame.Micros = c.client, dirOf(c.client), c.at.Microseconds()
			w.frames = append(w.frames, frame)
		}
	}
	return w, nil
}

// next returns the next frame if all of it is there.
func (f *flow) next() (framed, bool, error) {
	if len(f.raw) < f.parsed+headBytes {
		return framed{}, false, nil
	}
	head := f.raw[f.parsed:]
	if head[0] != 0 || int(head[1]) >= len(frameTypes) {
		return framed{}, false, fmt.Errorf("no frame of yamux begins with %x", head[:2])
	}
	var out framed
	out.Type, out.Stream, out.Length = frameTypes[head[1]], binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint32(head[8:])
	var flags []string
	for i, name := range frameFlags {
		if binary.BigEndian.Uint16(head[2:])&(1<<i) != 0 {
			flags = append(flags, name)
		}
	}
	out.Flags = strings.Join(flags, "|")
	out.from = f.parsed + headBytes
	out.to = out.from
	if out.Type == "data" {
		out.to += int(out.Length)
	}
	if len(f.raw) < out.to {
		return framed{}, false, nil
	}
	f.parsed = out.to
	return out, true, nil
}

func (w *wire) body(f framed) []byte {
	if f.client {
		return w.client.raw[f.from:f.to]
	}
	return w.server.raw[f.from:f.to]
}

// identity is a signed token: two parts that say something, and the signature.
var identity = regexp.MustCompile(`eyJ[\w-]+\.eyJ[\w-]+\.([\w-]+)`)

// blank overwrites the signatures of identities, also of one that lies in several
// frames.
func (w *wire) blank() {
	type key struct {
		stream uint32
		client bool
	}
	whole := map[key][]byte{}
	for _, f := range w.frames {
		k := key{f.Stream, f.client}
		whole[k] = append(whole[k], w.body(f)...)
	}
	for _, data := range whole {
		for _, at := range identity.FindAllSubmatchIndex(data, -1) {
			for i := at[2]; i < at[3]; i++ {
				data[i] = 'A'
			}
		}
	}
	for _, f := range w.frames {
		k := key{f.Stream, f.client}
		whole[k] = whole[k][copy(w.body(f), whole[k]):]
	}
}
