package pool_test

import (
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil"
)

// What proves a server is an answer, be it an error or a stream's acknowledgement; bytes
// that come in are none.
func TestOnlyAWholeAnswerCountsAsOne(t *testing.T) {
	s := startServer(t)
	p := newPool(t, pool.Config{})
	ping(t, p, s.Addr())
	last, _ := pool.Answered(p, s.Addr())
	if last == 0 {
		t.Fatal("a call was answered, and that was not noted")
	}
	for name, call := range map[string]func() error{
		"an answer": func() error { return p.Call(within(t), s.Addr(), "Echo.Echo", dict{"a": 1}, nil) },
		"an error":  func() error { _ = p.Call(within(t), s.Addr(), "No.Such", dict{}, nil); return nil },
		"an acknowledgement": func() error {
			c, err := p.Stream(within(t), s.Addr(), "Echo.Exec")
			if err == nil {
				err = c.Close()
			}
			return err
		},
	} {
		if err := call(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		now, _ := pool.Answered(p, s.Addr())
		if now <= last {
			t.Errorf("%s is not noted", name)
		}
		last = now
	}
	s.Inject(testutil.Mute())
	_, before := pool.Answered(p, s.Addr())
	held := call(within(t), p, s.Addr(), "Echo.Echo", make([]byte, 1<<20)) // its window comes back
	await(t, "bytes come in", func() bool { _, heard := pool.Answered(p, s.Addr()); return heard > before })
	if now, _ := pool.Answered(p, s.Addr()); now != last {
		t.Error("bytes that are no answer count as one")
	}
	s.Kill()
	<-held
}
