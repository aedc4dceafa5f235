package main

import (
	"context"
	"net"
	"strings"

	"github.com/open-nomad/rpcproxy/pool"
)

// handlers are what an agent serves: a call that reads its arguments, one that answers
// a lot, and a stream that writes a lot.
func handlers() pool.Handlers {
	return pool.Handlers{
		Calls: map[string]pool.CallHandler{
			"Back.Small": func(_ context.Context, decode func(any) error) (any, error) {
				var args any
				return "read", decode(&args)
			},
			"Back.Large": func(context.Context, func(any) error) (any, error) {
				return strings.Repeat("x", mebi), nil
			},
		},
		Streams: map[string]pool.StreamHandler{
			"Back.Stream": func(_ context.Context, conn net.Conn) error {
				var args any
				if err := pool.ReadRequest(conn, &args); err != nil {
					return err
				}
				for page := make([]byte, 4096); ; {
					if err := pool.WriteFrame(conn, page); err != nil {
						return err
					}
				}
			},
		},
	}
}
