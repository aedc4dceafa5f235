package main

import (
	"errors"
	"io"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// The exit status of the program.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // as shells report SIGINT
	exitTerminated  = 143 // as they report SIGTERM
)

// failure is an error with an exit status. An error of another type is about the
// command line: flags, arguments, addresses.
type failure struct {
	status int
	err    error
}

func (f *failure) Error() string { return shown(f.err) }

func (f *failure) Unwrap() error { return f.err }

// failed makes err a failure of the command.
func failed(err error) error { return &failure{status: exitFailed, err: err} }

var errInterrupted = &failure{status: exitInterrupted, err: errors.New("interrupted")}

// errToken refuses a token on the command line.
var errToken = errors.New("no flag takes a token, which every user of this machine could read: " +
	"give --token-file FILE, or the variable that --help names")

// settle prints err to errs and returns the exit status.
func settle(err error, errs io.Writer) int {
	if err == nil {
		return exitOK
	}
	if f, ok := errors.AsType[*failure](err); ok {
		warn(errs, shown(err))
		return f.status
	}
	warn(errs, printable.WithoutTokens(shown(err))) // what was given may be one, at the wrong place
	return exitUsage
}
