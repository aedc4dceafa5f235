package floor

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"

	"github.com/open-nomad/rpcproxy/testutil/bench/plainserver"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

// most is the largest message.
const most = 64 << 20

// Start starts a server that reads messages of one size and sends back messages of another, both
// told by a connection's first bytes. The error is that of plainserver.Listen.
func Start(t *tls.Config) (*plainserver.Listener, error) {
	return plainserver.Listen(func(conn net.Conn) {
		conn, err := plainserver.Secure(conn, t)
		if err != nil {
			return
		}
		var sizes [2]uint32
		if err := binary.Read(conn, binary.BigEndian, &sizes); err != nil || max(sizes[0], sizes[1]) > most {
			return
		}
		args, reply := sizes[0], sizes[1]
		for message := make([]byte, max(args, reply)); ; {
			if _, err := io.ReadFull(conn, message[:args]); err != nil {
				return
			}
			if _, err := conn.Write(message[:reply]); err != nil {
				return
			}
		}
	})
}

// Client is a connection for each caller.
type Client struct {
	conns   []net.Conn
	args    []byte
	replies [][]byte
}

// Open connects so many callers with the server at addr, for messages of args bytes that are
// answered by reply bytes. It blocks until then or until ctx ends. The caller must close the
// Client. The error is that of dialing or of the handshake.
func Open(ctx context.Context, addr string, t *tls.Config, callers, args, reply int) (*Client, error) {
	c := &Client{args: make([]byte, args)}
	for range callers {
		conn, err := plainclient.Connect(ctx, addr, t)
		if err == nil {
			c.conns, c.replies = append(c.conns, conn), append(c.replies, make([]byte, reply))
			err = binary.Write(conn, binary.BigEndian, [2]uint32{uint32(args), uint32(reply)})
		}
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
	}
	return c, nil
}

// Call sends a message as the caller of this number and blocks until it is answered, or the Client
// closed. The error is that of the connection.
func (c *Client) Call(caller int) error {
	if _, err := c.conns[caller].Write(c.args); err != nil {
		return err
	}
	_, err := io.ReadFull(c.conns[caller], c.replies[caller])
	return err
}

// Close may be called twice.
func (c *Client) Close() error {
	var errs []error
	for _, conn := range c.conns {
		if err := conn.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
