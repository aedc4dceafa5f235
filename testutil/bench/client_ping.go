package main

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"

	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

const pingMethod = "Status.Ping"

// Frames of yamux have a header of twelve bytes.
const (
	frameHeader = 12
	frameData   = 0
	frameWindow = 1
	flagSYN     = 1
)

// frame is a frame of stream 1.
func frame(kind byte, flags uint16, payload ...byte) []byte {
	f := make([]byte, frameHeader, frameHeader+len(payload))
	f[1] = kind
	binary.BigEndian.PutUint16(f[2:], flags)
	binary.BigEndian.PutUint32(f[4:], 1)
	binary.BigEndian.PutUint32(f[8:], uint32(len(payload)))
	return append(f, payload...)
}

// pingRaw connects, writes the bytes of a ping on a stream, and waits for the reply.
// The socket that stays open has no client: no session, no buffer, no goroutine.
func pingRaw(ctx context.Context, addr string) (release func() error, err error) {
	conn, err := plainclient.Connect(ctx, addr, nil)
	if err != nil {
		return nil, err
	}
	sent := []byte{plainclient.ModeYamux}
	sent = append(sent, frame(frameWindow, flagSYN)...)
	sent = append(sent, frame(frameData, 0, plainclient.ModeRPC)...)
	sent = append(sent, frame(frameData, 0, pingRequest()...)...)
	if _, err = conn.Write(sent); err == nil {
		err = awaitData(conn)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn.Close, nil
}

// pingRequest is {"ServiceMethod": "Status.Ping", "Seq": 1} and {} in msgpack.
func pingRequest() []byte {
	r := []byte{0x82, 0xa0 | byte(len("ServiceMethod"))}
	r = append(r, "ServiceMethod"...)
	r = append(r, 0xa0|byte(len(pingMethod)))
	r = append(r, pingMethod...)
	r = append(r, 0xa3)
	r = append(r, "Seq"...)
	return append(r, 1, 0x80)
}

// awaitData reads frames up to the first data frame.
func awaitData(conn net.Conn) error {
	header := make([]byte, frameHeader)
	for {
		if _, err := io.ReadFull(conn, header); err != nil {
			return err
		}
		if header[1] == frameData {
			_, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(header[8:])))
			return err
		}
	}
}
