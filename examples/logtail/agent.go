package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/heartbeat"
)

// credentials are those in dir, which is looked at again each minute. A server must show a certificate for
// server.global.nomad; the agent shows its own.
func credentials(dir string) *pool.TLSConfig {
	return &pool.TLSConfig{
		CAFile: filepath.Join(dir, "ca.pem"), CertFile: filepath.Join(dir, "agent.pem"), KeyFile: filepath.Join(dir, "agent-key.pem"),
		Watch: time.Minute,
	}
}

// serve registers a node, and answers the servers that ask for the logs below dir until ctx ends.
func serve(ctx context.Context, servers []string, tls *pool.TLSConfig, name, dir string) error {
	p, err := proxy.Start(proxy.Config{Servers: servers, Region: "global", Pool: pool.Config{
		TLS:      tls,
		Handlers: pool.Handlers{Streams: map[string]pool.StreamHandler{"FileSystem.Logs": logs(dir).tail}},
	}})
	if err != nil {
		return err
	}
	defer stop(p)
	hb, err := heartbeat.Start(heartbeat.Config{Proxy: p, Node: heartbeat.Node{
		ID: nodeID(name), SecretID: nodeID(name + "/secret"), Name: name, Datacenter: "dc1",
		Attributes: map[string]string{"nomad.version": "2.0.6"},
	}})
	if err != nil {
		return err
	}
	defer stop(hb)
	<-ctx.Done()
	return nil
}

// nodeID is always the same for a name. A real agent keeps a random one, and a secret, in a file.
func nodeID(name string) string {
	b := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// logs is a directory with ALLOCATION/TASK.stdout and ALLOCATION/TASK.stderr.
type logs string

// request has those fields of the request of FileSystem.Logs that are used here.
type request struct {
	AllocID, Task, LogType, Origin string // Origin: "start" or "end", from which Offset counts
	Offset                         int64
	PlainText, Follow              bool
}

// tail serves one stream that a server has opened. Its context ends with the session, and the connection is closed
// when it returns. An error reaches the caller with its code.
func (l logs) tail(ctx context.Context, conn net.Conn) error {
	var r request
	if err := pool.ReadRequest(conn, &r); err != nil {
		return err
	}
	if !r.PlainText {
		return &pool.StreamError{Code: 400, Message: "only plain text is served here: set PlainText"}
	}
	file, err := l.open(r)
	if err != nil {
		return err
	}
	defer file.Close()

	// Who asked says no more: what ends the reading is that they are gone.
	ctx, left := context.WithCancel(ctx)
	defer left()
	go func() {
		defer left()
		_, _ = io.Copy(io.Discard, conn)
	}()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for buf := make([]byte, 32<<10); ; {
		n, err := file.Read(buf)
		if n > 0 {
			if err := pool.WriteFrame(conn, buf[:n]); err != nil { // waits while they do not read
				return err
			}
			continue
		}
		if !errors.Is(err, io.EOF) || !r.Follow {
			return endOf(err)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// open opens what a request names, and nothing outside the directory, whatever it names.
func (l logs) open(r request) (*os.File, error) {
	root, err := os.OpenRoot(string(l))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	file, err := root.Open(filepath.Join(r.AllocID, r.Task+"."+r.LogType))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &pool.StreamError{Code: 404, Message: "there is no such log"}
	case err != nil:
		return nil, &pool.StreamError{Code: 400, Message: "this is no log"}
	}
	whence := io.SeekStart
	if r.Origin == "end" {
		whence, r.Offset = io.SeekEnd, -r.Offset
	}
	if _, err := file.Seek(r.Offset, whence); err != nil {
		file.Close()
		return nil, &pool.StreamError{Code: 400, Message: "the offset lies outside the log"}
	}
	return file, nil
}

func endOf(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// stop waits for at most ten seconds.
func stop(s interface{ Stop(context.Context) error }) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s.Stop(ctx)
}
