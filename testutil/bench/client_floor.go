package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
)

// startRaw starts a server that reads messages of one size and sends back what came,
// cut or filled up to the other size, which is the least that a round trip can do.
// All sides know the sizes.
func startRaw(t *tls.Config, ask, answer int) (*listener, error) {
	return listen(func(conn net.Conn) {
		conn, err := accept(conn, t)
		if err != nil {
			return
		}
		for message := make([]byte, max(ask, answer)); ; {
			if _, err := io.ReadFull(conn, message[:ask]); err != nil {
				return
			}
			if _, err := conn.Write(message[:answer]); err != nil {
				return
			}
		}
	})
}

// raw is a connection per caller.
type raw struct {
	conns   []net.Conn
	answers [][]byte
}

func openRaw(ctx context.Context, addr string, t *tls.Config, callers, answer int) (*raw, error) {
	r := &raw{}
	for range callers {
		conn, err := dial(ctx, addr, t)
		if err != nil {
			return nil, errors.Join(err, r.close())
		}
		r.conns, r.answers = append(r.conns, conn), append(r.answers, make([]byte, answer))
	}
	return r, nil
}

func (r *raw) call(worker int, payload []byte) error {
	if _, err := r.conns[worker].Write(payload); err != nil {
		return err
	}
	_, err := io.ReadFull(r.conns[worker], r.answers[worker])
	return err
}

// close may come twice.
func (r *raw) close() error {
	var errs []error
	for _, conn := range r.conns {
		if err := conn.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
