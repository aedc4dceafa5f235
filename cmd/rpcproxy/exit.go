package main

import (
	"errors"
	"fmt"
	"io"
)

// What the program exits with.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // as shells report SIGINT
)

// failure is an error that has a status of its own. All others are about the
// command line: flags, arguments, addresses.
type failure struct {
	status int
	err    error
}

func (f *failure) Error() string { return f.err.Error() }

func (f *failure) Unwrap() error { return f.err }

// failed is a failure of what was asked for.
func failed(err error) error { return &failure{status: exitFailed, err: err} }

var errInterrupted = &failure{status: exitInterrupted, err: errors.New("interrupted")}

// settle tells err on errs and answers the status to exit with.
func settle(err error, errs io.Writer) int {
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(errs, "rpcproxy:", err)
	if f, ok := errors.AsType[*failure](err); ok {
		return f.status
	}
	return exitUsage
}
