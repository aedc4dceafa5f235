package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/rpc"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

func main() { worker.Client(open) }

func open(ctx context.Context, s worker.Setup) (*worker.Opened, error) {
	if s.Callers != 1 || s.Beside != nil {
		return nil, errors.New("bare has one caller: it makes one call at a time")
	}
	conn, err := plainclient.Connect(ctx, s.Addr, nil)
	if err != nil {
		return nil, err
	}
	stream, err := openStream(conn)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	c := &caller{stream: stream}
	c.enc = codec.NewEncoderBytes(&c.request, body.Handle())
	c.dec = codec.NewDecoder(bufio.NewReader(stream), body.Handle())
	return &worker.Opened{Call: c.call, Close: stream.Close}, nil
}

// caller makes one call after the other.
type caller struct {
	*stream
	seq     uint64
	head    []byte
	request []byte // what enc has made
	enc     *codec.Encoder
	dec     *codec.Decoder
}

func (c *caller) call(_ context.Context, _ int, method string, args, reply any) error {
	c.seq++
	c.enc.ResetBytes(&c.request)
	if err := c.enc.Encode(&rpc.Request{Seq: c.seq, ServiceMethod: method}); err != nil {
		return err
	}
	c.head = append(c.head[:0], c.request...)
	c.enc.ResetBytes(&c.request)
	if err := c.enc.Encode(args); err != nil {
		return err
	}
	if err := c.send(c.head, c.request); err != nil {
		return err
	}
	var h rpc.Response
	if err := c.dec.Decode(&h); err != nil {
		return err
	}
	if h.Seq != c.seq || h.Error != "" {
		return fmt.Errorf("the answer to request %d has the number %d and the error %q", c.seq, h.Seq, h.Error)
	}
	return c.dec.Decode(reply)
}
