package main

import (
	"errors"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/bench/floor"
	"github.com/open-nomad/rpcproxy/testutil/bench/plainserver"
	"github.com/open-nomad/rpcproxy/testutil/bench/worker"
)

func main() { worker.Serve(start) }

func start() (addrs map[string]string, stop func() error, err error) {
	plain, err := plainserver.Start(nil, body.Status{}, body.Node{}, body.Alloc{}, body.Job{}, body.Blob{})
	if err != nil {
		return nil, nil, err
	}
	echo, err := floor.Start(nil)
	if err != nil {
		return nil, nil, errors.Join(err, plain.Close())
	}
	addrs = map[string]string{worker.Plain: plain.Addr(), worker.Floor: echo.Addr()}
	return addrs, func() error { return errors.Join(echo.Close(), plain.Close()) }, nil
}
