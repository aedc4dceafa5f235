package testutil

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"slices"
	"testing"
	"time"
)

// FuzzServerInput feeds bytes to a connection. Whatever they are, the server
// must not panic and must come to an end when the client does.
func FuzzServerInput(f *testing.F) {
	for _, name := range GoldenNames() {
		t, err := LoadGolden(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(t.ClientToServer[:min(len(t.ClientToServer), 2000)]))
		for _, s := range t.Streams {
			if s.OpenedBy == "client" { // the same without yamux
				f.Add([]byte(s.ClientToServer))
			}
		}
	}
	f.Add(slices.Concat([]byte{modeRPC}, bytes.Repeat([]byte{0x91}, 5000)))
	f.Add([]byte{modeRPC, 0x81, 0xdb, 0xff, 0xff, 0xff, 0xff, 'x'})
	f.Fuzz(func(t *testing.T, input []byte) {
		s := start(t, ServerConfig{RPCHoldTimeout: time.Millisecond, FirstByteTimeout: time.Second})
		client, server := net.Pipe()
		c := newConn(s, server)
		served := make(chan struct{})
		go func() { defer close(served); c.serve() }()
		drained := make(chan struct{})
		go func() { defer close(drained); _, _ = io.Copy(io.Discard, client) }()
		_ = client.SetWriteDeadline(time.Now().Add(moment))
		_, _ = client.Write(input)
		_ = client.Close()
		c.hangUp(false) // a query may block for as long as it likes
		for _, ended := range []chan struct{}{served, drained} {
			select {
			case <-ended:
			case <-time.After(patience):
				t.Fatal("the connection does not end")
			}
		}
	})
}

// FuzzReadValue holds the reader of raw values against the decoder.
func FuzzReadValue(f *testing.F) {
	for _, seed := range []string{"\x80", "\xc1", "\x93\x01\x02", "\xda\x00\x01a", "\xdf\xff\xff\xff\xff", "\xc7\x01\x05x", "\xd9\x03abc", "\x81\xa1a\xcf12345678"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		raw, err := readValue(bufio.NewReader(bytes.NewReader(input)))
		if err != nil {
			return
		}
		if !bytes.HasPrefix(input, raw) {
			t.Fatalf("read %x from %x", raw, input)
		}
		again, err := readValue(bufio.NewReader(bytes.NewReader(raw)))
		if err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("reading %x again gives %x, %v", raw, again, err)
		}
	})
}
