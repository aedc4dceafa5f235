package worker

import (
	"fmt"
	"io"
	"os"
)

// Serve is the main function of a server: it starts it, says where it listens, tells what it uses,
// and stops it. It ends the process, with 1 if something failed.
func Serve(start func() (addrs map[string]string, stop func() error, err error)) {
	if err := serve(os.Stdin, os.Stdout, start); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer, start func() (map[string]string, func() error, error)) error {
	addrs, stop, err := start()
	if err != nil {
		return refuse(out, err)
	}
	err = obey(in, out, Ready{Addrs: addrs}, func(Order) (Report, error) { return Report{}, nil })
	if stopped := stop(); err == nil {
		err = stopped
	}
	return err
}
