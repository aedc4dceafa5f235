package stockagent

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// CallHandler answers a call of a server. Decode reads the arguments, once at most. An
// error is answered with its text. It must return when ctx ends.
type CallHandler = func(ctx context.Context, decode func(args any) error) (reply any, err error)

// Handlers answer what servers ask, by method. A streaming one reads the request itself
// (testutil.ReadStreamRequest); an error becomes the last frame.
type Handlers struct {
	Calls   map[string]CallHandler
	Streams map[string]testutil.StreamHandler
}

// fileArgs has the fields that are read of requests about files.
type fileArgs struct {
	AllocID, Path, Task, LogType string
	Follow, PlainText            bool
}

// withEcho adds the handlers that an agent has by itself, unless h has others of that
// name. They answer with what they are asked, and with the node's ID.
func (h Handlers) withEcho(nodeID string) Handlers {
	all := Handlers{
		Calls: map[string]CallHandler{
			"ClientStats.Stats": func(_ context.Context, decode func(any) error) (any, error) {
				now := time.Now()
				return map[string]any{
					"HostStats": map[string]any{"Timestamp": now.UnixNano(), "Uptime": uint64(1)}, "NodeID": nodeID,
				}, decode(nil)
			},
			"FileSystem.List": func(_ context.Context, decode func(any) error) (any, error) {
				var args fileArgs
				if err := decode(&args); err != nil {
					return nil, err
				}
				return map[string]any{"NodeID": nodeID, "Files": []map[string]any{{
					"Name": args.Path, "IsDir": false, "Size": len(args.Path), "FileMode": "-rw-r--r--",
					"ModTime": zeroTime, "ContentType": "text/plain; charset=utf-8",
				}}}, nil
			},
			"NodeMeta.Read": func(_ context.Context, decode func(any) error) (any, error) {
				meta := map[string]string{"node": nodeID}
				return map[string]any{"Meta": meta, "Dynamic": map[string]string{}, "Static": meta}, decode(nil)
			},
		},
		Streams: map[string]testutil.StreamHandler{
			"FileSystem.Logs":   echoFile,
			"FileSystem.Stream": echoFile,
			"Allocations.Exec":  testutil.EchoExec,
			"Agent.Monitor": func(ctx context.Context, c net.Conn) error {
				if err := testutil.ReadStreamRequest(c, &struct{}{}); err != nil {
					return err
				}
				line := time.Now().UTC().Format(time.RFC3339) + " [INFO]  agent: node " + nodeID + "\n"
				if err := testutil.WriteFrame(c, testutil.StreamFrame{Payload: []byte(line)}); err != nil {
					return err
				}
				return untilClosed(ctx, c)
			},
		},
	}
	maps.Copy(all.Calls, h.Calls)
	maps.Copy(all.Streams, h.Streams)
	return all
}

// zeroTime is a time as it is on the wire: 15 bytes.
var zeroTime, _ = time.Time{}.MarshalBinary()

// echoFile sends one line about what it is asked for, and ends, or waits until the server
// does if it is to follow.
func echoFile(ctx context.Context, c net.Conn) error {
	var args fileArgs
	if err := testutil.ReadStreamRequest(c, &args); err != nil {
		return err
	}
	line := []byte(args.AllocID + "/" + args.Task + args.Path + " " + args.LogType + "\n")
	if !args.PlainText {
		var err error
		if line, err = json.Marshal(struct {
			Data []byte
			File string
		}{line, args.Path}); err != nil {
			return err
		}
	}
	if err := testutil.WriteFrame(c, testutil.StreamFrame{Payload: line}); err != nil || !args.Follow {
		return err
	}
	return untilClosed(ctx, c)
}

// untilClosed blocks until the server ends a stream, or ctx ends.
func untilClosed(ctx context.Context, c net.Conn) error {
	defer context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Unix(1, 0)) })() // a closed one waits for nothing
	_, err := io.Copy(io.Discard, c)
	if ctx.Err() != nil {
		return nil
	}
	return err
}
