package stockagent

import (
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"reflect"
	"testing"

	"github.com/hashicorp/yamux"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestWhatIsRepeatedGoesByTheTextAndByWhatTheCallDoes(t *testing.T) {
	const never, reads, always = 0, 1, 2
	for _, c := range []struct {
		err  error
		when int
	}{
		{rpc.ServerError(testutil.ErrTextNoLeader), always},
		{rpc.ServerError(testutil.ErrTextHops(2, testutil.ErrTextNoLeader)), always},
		{io.EOF, reads},
		{fmt.Errorf("reading: %w", io.EOF), reads},
		{yamux.ErrSessionShutdown, reads},
		{yamux.ErrStreamClosed, reads},
		{rpc.ServerError(testutil.ErrTextForwardEOF), reads},
		{rpc.ServerError(testutil.ErrTextHops(1, testutil.ErrTextStreamClosed)), reads},
		{rpc.ServerError("EOF"), never}, // no hop: not the end of a connection
		{yamux.ErrConnectionReset, never},
		{&DialError{Server: "s", Err: io.EOF}, never},
		{rpc.ServerError(testutil.ErrTextPermissionDenied), never},
		{rpc.ServerError(testutil.ErrTextTransferInProgress), never},
		{ErrEndedAmid, never},
	} {
		if got := [2]bool{repeats(false, c.err), repeats(true, c.err)}; got != [2]bool{c.when == always, c.when >= reads} {
			t.Errorf("%q: repeated %v", c.err, got)
		}
	}
}

func TestAnHTTPStatusIsThatOfTheTextAsItCame(t *testing.T) {
	for _, c := range []struct {
		text string
		code int
		rest string
	}{
		{testutil.ErrTextCoded(404, "Unknown node x, y"), 404, "Unknown node x, y"},
		{testutil.ErrTextHops(1, testutil.ErrTextCoded(404, "x")), 500, "rpc error: RPC Error:: 404,x"}, // not at the beginning
		{"RPC Error:: many,x", 500, "RPC Error:: many,x"},
		{"RPC Error:: 404", 500, "RPC Error:: 404"},
		{testutil.ErrTextPermissionDenied, 403, "Permission denied"},
		{testutil.ErrTextHops(3, testutil.ErrTextPermissionDenied), 403, "Permission denied"},
		{"Permission denied.", 500, "Permission denied."},
		{testutil.ErrTextNoLeader, 500, "No cluster leader"},
	} {
		if code, rest := HTTPStatus(errors.New(c.text)); code != c.code || rest != c.rest {
			t.Errorf("%q: %d %q", c.text, code, rest)
		}
	}
}

func TestAListIsRotatedByTheServerInUseAndReplacedByAnotherSet(t *testing.T) {
	reverse := func(n int, swap func(i, j int)) {
		for i := range n / 2 {
			swap(i, n-1-i)
		}
	}
	l := list{"a", "b", "c"}
	for _, c := range []struct{ got, want list }{
		{l.rotate("a"), list{"b", "c", "a"}},
		{l.rotate("b"), l}, // another call has moved it on
		{list{"a"}.rotate("a"), list{"a"}},
		{l.replace([]string{"c", "b", "a"}, reverse), l},
		{l.replace(nil, reverse), l},
		{l.replace([]string{"a", "d"}, reverse), list{"d", "a"}},
	} {
		if !reflect.DeepEqual(c.got, c.want) {
			t.Errorf("%v, want %v", c.got, c.want)
		}
	}
}

func TestAConfigurationThatCannotBeUsedIsRefusedWithTheField(t *testing.T) {
	for field, cfg := range map[string]Config{
		"Servers":       {},
		"RegisterRetry": {Servers: []string{"127.0.0.1:1"}, RegisterRetry: -1},
	} {
		if _, err := Start(cfg); err == nil || err.(*ConfigError).Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, err := Start(Config{Servers: []string{"no port"}}); err == nil || err.(*ConfigError).Value != "no port" {
		t.Error(err)
	}
}
