package status

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// Bounds of Serve.
const (
	mostConns   = 256
	requestTime = 10 * time.Second // for a request to come in
	idleTime    = time.Minute      // between two of them
	endTime     = 2 * time.Second  // for answers that are under way at the end
	maxHeader   = 16 << 10
)

// Serve answers HTTP requests at l, which it closes, with h until ctx ends; the error is nil then.
// It returns early with the fault of l. Streams of events end with an event that says so; answers
// that are still under way have 2 s then. It keeps 256 connections at once, and closes those beyond;
// a client has 10 s for a request.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler: h, ReadTimeout: requestTime, IdleTimeout: idleTime, MaxHeaderBytes: maxHeader,
		ErrorLog: log.New(io.Discard, "", 0), // what clients do wrong is not worth a line
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTime)
		defer cancel()
		if server.Shutdown(ending) != nil {
			_ = server.Close()
		}
	})
	err := server.Serve(&fullListener{Listener: l, places: make(chan struct{}, mostConns)})
	if stop() { // it has failed by itself
		return errors.Join(err, server.Close())
	}
	<-stopped
	return nil
}

// fullListener closes connections for which there is no place.
type fullListener struct {
	net.Listener
	places chan struct{}
}

func (l *fullListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.places <- struct{}{}:
			return &placedConn{Conn: conn, places: l.places}, nil
		default:
			_ = conn.Close()
		}
	}
}

// placedConn gives its place back when it is closed.
type placedConn struct {
	net.Conn
	places chan struct{}
	closed atomic.Bool
}

func (c *placedConn) Close() error {
	if c.closed.CompareAndSwap(false, true) {
		<-c.places
	}
	return c.Conn.Close()
}
