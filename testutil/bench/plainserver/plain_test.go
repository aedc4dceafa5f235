package plainserver

import (
	"errors"
	"net/rpc"
	"sync"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/plainclient"
)

func TestEveryServiceAnswersWithTheReplyOfItsCall(t *testing.T) {
	server, err := Start(nil, body.Status{}, body.Node{}, body.Alloc{}, body.Job{}, body.Blob{})
	if err != nil {
		t.Fatal(err)
	}
	session, err := plainclient.Dial(t.Context(), server.Addr(), plainclient.Config{Handle: body.Handle()})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 { // streams at the same time
		all.Go(func() {
			for _, c := range append(body.All(), body.Large()[:4]...) {
				reply := c.New()
				if err := session.Call(c.Method, c.Args, reply); err != nil {
					t.Errorf("%s: %v", c.Name, err)
				} else if err := c.Check(reply); err != nil {
					t.Errorf("%s: %v", c.Name, err)
				}
			}
		})
	}
	all.Wait()
	if err := session.Call("Node.Unknown", &body.PingArgs{}, nil); err == nil {
		t.Error("a method that does not exist was answered")
	} else if _, ok := errors.AsType[rpc.ServerError](err); !ok {
		t.Errorf("a method that does not exist: %v", err)
	}
	if err := server.Close(); err != nil { // with a session open
		t.Error(err)
	}
	if err := session.Call("Status.Ping", &body.PingArgs{}, nil); err == nil {
		t.Error("a server that is closed has answered")
	}
	_ = session.Close() // the server was gone
	if _, err := Start(nil, struct{}{}); err == nil {
		t.Error("a service without methods was started")
	}
}
