package trips

import (
	"context"
	"net"
	"net/rpc"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/testutil/bench/body"
	"github.com/open-nomad/rpcproxy/testutil/bench/path"
)

// farther is farServer over a path with a rate.
type farther struct {
	farServer
	path *path.Path
}

func (s *farther) dial(context.Context, string, string) (net.Conn, error) {
	near, entry := net.Pipe()
	exit, end := net.Pipe()
	go s.path.Join(entry, exit)
	go s.serve(end)
	return near, nil
}

// On a virtual clock only the path takes time: how long a call takes follows from how much may be on
// its way, and not from the machine.
func TestALargeBodyTakesNotMuchLongerThanThePathDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // one bubble: yamux keeps timers for other sessions
		for _, c := range []struct {
			call         string
			first, again time.Duration
		}{
			// 16 MiB take 134 ms on the line, and a round trip.
			{"reply-16MiB", 154 * time.Millisecond * 10 / 5, 154 * time.Millisecond * 10 / 9},
			// The server gives leave for 256 KiB a round trip, of which there are 64.
			{"request-16MiB", 1500 * time.Millisecond, 1500 * time.Millisecond},
		} {
			cfg := path.Far()
			cfg.Room = 64 << 20
			s := farther{farServer{rpc: rpc.NewServer()}, path.New(cfg)}
			noError(t, s.rpc.Register(body.Blob{}))
			noError(t, s.rpc.Register(body.Status{}))
			p, err := pool.New(pool.Config{Dial: s.dial})
			noError(t, err)
			call := func(name string) time.Duration {
				b, err := body.Find(name)
				noError(t, err)
				begin := time.Now()
				reply := b.New()
				noError(t, p.Call(t.Context(), "a:4647", b.Method, b.Args, reply))
				noError(t, b.Check(reply))
				return time.Since(begin)
			}
			call("reply-64KiB") // which dials
			first, again := call(c.call), call(c.call)
			t.Logf("%s: %v, then %v", c.call, first, again)
			if first > c.first || again > c.again {
				t.Errorf("%s: %v, then %v; want %v and %v", c.call, first, again, c.first, c.again)
			}
			noError(t, p.Stop(context.Background()))
			time.Sleep(time.Hour) // until the last bytes have come to their end
		}
	})
}
