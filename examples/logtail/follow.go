package main

import (
	"context"
	"errors"
	"io"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// follow copies what a task writes to out, from its beginning, until the log ends or ctx does. The server finds the
// agent that has the log. The bytes are the task's own: show them on a terminal only if you trust it.
func follow(ctx context.Context, p *proxy.Proxy, alloc, task string, out io.Writer) error {
	conn, err := p.Stream(ctx, "FileSystem.Logs")
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })() // ctx was for the opening only
	if err := pool.WriteRequest(conn, map[string]any{
		"Region": "global", "AllocID": alloc, "Task": task, "LogType": "stdout", "Origin": "start", "PlainText": true, "Follow": true,
	}); err != nil {
		return err
	}
	for frames := pool.NewFrameReader(conn); ; {
		payload, err := frames.Next()
		switch {
		case ctx.Err() != nil, errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if _, err := out.Write(payload); err != nil {
			return err
		}
	}
}
