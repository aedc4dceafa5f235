package pool_test

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
)

// bulk is how many bytes go each way at least, how many pings go at the same time, and
// how long all that may take.
const (
	bulk      = 100 << 20
	bulkPings = 200
	bulkLimit = time.Minute
)

const noiseSize = 65_521

// noise is bytes that repeat after a prime number, so that a lost or repeated
// window shows.
func noise(seed uint64) []byte {
	b := make([]byte, noiseSize)
	r := rand.NewChaCha8([32]byte{byte(seed)})
	_, _ = r.Read(b) // never fails
	return b
}

// pour writes block again and again, bulk bytes and more until enough reports true,
// closes its side and answers their sum. The first byte tells whether another follows.
func pour(c net.Conn, block []byte, enough func() bool) (sum uint32, err error) {
	for n := len(block); ; n += len(block) {
		block[0] = 1
		if n >= bulk && enough() {
			block[0] = 0
		}
		if _, err := c.Write(block); err != nil {
			return 0, err
		}
		sum = crc32.Update(sum, crc32.IEEETable, block)
		if block[0] == 0 {
			break
		}
	}
	if h, ok := c.(halfCloser); ok {
		err = h.CloseWrite()
	}
	return sum, err
}

// soak reads what the other side pours and answers its sum.
func soak(c io.Reader) (sum uint32, err error) {
	block := make([]byte, noiseSize)
	for block[0] = 1; block[0] == 1; {
		if _, err := io.ReadFull(c, block); err != nil {
			return 0, err
		}
		sum = crc32.Update(sum, crc32.IEEETable, block)
	}
	return sum, nil
}

func TestAHundredMiBEachWayKeepTheirOrderAndCallsGoOn(t *testing.T) {
	type sums struct{ in, out uint32 }
	served := make(chan sums, 2)
	var pinged atomic.Int64 // while the stream is open
	enough := func() bool { return pinged.Load() >= bulkPings || t.Failed() }
	// The side that is reached does this; the other side does the same.
	both := func(c net.Conn, seed uint64) (s sums, err error) {
		poured := make(chan error, 1)
		go func() {
			var err error
			s.out, err = pour(c, noise(seed), enough)
			poured <- err
		}()
		in, err := soak(c)
		err = errors.Join(err, <-poured)
		s.in = in
		return s, err
	}
	handler := func(_ context.Context, c net.Conn) error {
		_ = c.SetDeadline(time.Now().Add(bulkLimit))
		s, err := both(c, 2)
		if err != nil {
			t.Errorf("the handler: %v", err)
		}
		served <- s
		return err
	}
	s, p := agentWith(t, pool.Config{Handlers: pool.Handlers{Streams: map[string]pool.StreamHandler{"Test.Bulk": handler}}})
	s.HandleStream("Test.Bulk", handler)
	idle := pingTimes(t, p, s.Addr(), func(n int) bool { return n < 200 })

	begin := time.Now()
	over := make(chan struct{})
	var busy []time.Duration
	var pings sync.WaitGroup
	pings.Go(func() {
		busy = pingTimes(t, p, s.Addr(), func(int) bool {
			pinged.Add(1)
			select {
			case <-over:
				return false
			default:
				return true
			}
		})
	})
	open := map[string]func(context.Context) (net.Conn, error){
		"out": func(ctx context.Context) (net.Conn, error) { return p.Stream(ctx, s.Addr(), "Test.Bulk") },
		"in":  func(ctx context.Context) (net.Conn, error) { return s.StreamNode(ctx, "n1", "Test.Bulk") },
	}
	for direction, f := range open {
		c, err := f(within(t))
		noError(t, err)
		pinged.Store(-1) // one may have begun before
		_ = c.SetDeadline(time.Now().Add(bulkLimit))
		near, err := both(c, 1)
		if err != nil {
			t.Fatalf("%s: %v", direction, err)
		}
		far := receive(t, "the other side", served)
		if near.in != far.out || near.out != far.in || near.in == near.out {
			t.Errorf("%s: sums %08x and %08x here, %08x and %08x there", direction, near.out, near.in, far.in, far.out)
		}
		_ = c.Close()
	}
	took := time.Since(begin)
	close(over)
	pings.Wait()
	t.Logf("4 x %d MiB or more in %v", bulk>>20, took)
	t.Logf("pings beside it: median %v, 99%% %v of %d; without: median %v, 99%% %v",
		quantile(busy, 50), quantile(busy, 99), len(busy), quantile(idle, 50), quantile(idle, 99))
	// The streams went on until so many pings were answered meanwhile. One of ten
	// may have met with a moment in which nothing was run.
	if quantile(busy, 90) > time.Second {
		t.Errorf("%d pings, 90%% in %v: a stream starved the calls", len(busy), quantile(busy, 90))
	}
	if st := p.Stats(); st.Dials != 1 || st.Failures != 0 {
		t.Errorf("%+v", st)
	}
}

// pingTimes pings while more reports true and returns how long each took.
func pingTimes(tb testing.TB, p *pool.Pool, addr string, more func(n int) bool) (all []time.Duration) {
	for more(len(all)) {
		took, err := p.Ping(tb.Context(), addr)
		if err != nil {
			tb.Error(err)
			return all
		}
		all = append(all, took)
	}
	return all
}

func quantile(all []time.Duration, percent int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)*percent/100, len(sorted)-1)]
}
