package pool

import (
	"errors"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

func FuzzTheTextOfAServersErrorIsPrintable(f *testing.F) {
	for _, text := range testutil.HostileTexts() {
		f.Add(text[:min(len(text), 200)], "10.0.0.1:4647", 500)
	}
	f.Add("rpc error: RPC Error:: 403,2 errors occurred:\n\t* Permission denied\n\t* \x1b\n\n", "a\nb:1", 0)
	f.Fuzz(func(t *testing.T, text, server string, code int) {
		for _, err := range []error{remoteError(text), streamError(code, text)} {
			testutil.CheckShown(t, "error", err.Error())
			call := &CallError{Method: text, Server: server, Err: errors.Join(&DialError{Addr: server, Err: err}, errors.New(text))}
			testutil.CheckShown(t, "call", call.Error())
		}
	})
}
