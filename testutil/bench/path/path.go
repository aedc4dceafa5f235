package path

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/testutil/bench/plainserver"
)

// Config is what a path is like.
type Config struct {
	OneWay time.Duration // from one end to the other, for the last byte that was put on the line
	Rate   int64         // bytes a second of the line in each direction, which all connections share; 0: no limit
	Room   int64         // bytes of a connection that may be on their way in one direction, before the line and on it
}

// Far is a path of 20 ms there and back over a line of 1 Gbit/s. Of a connection it takes 2 MiB, of
// which 1.2 MiB are on the line when it is busy; more waits in the sender's socket.
func Far() Config { return Config{OneWay: 10 * time.Millisecond, Rate: 125_000_000, Room: 2 << 20} }

// socketBuffer is how much the relay's sockets take in beyond Room, in bytes.
const socketBuffer = 128 << 10

// Start starts a path to the server at addr. It lasts until Close, which the caller must call. The
// error is that of plainserver.Listen.
func Start(addr string, cfg Config) (*plainserver.Listener, error) {
	p := New(cfg)
	return plainserver.Listen(func(near net.Conn) {
		far, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		for _, c := range []net.Conn{near, far} {
			if tcp, ok := c.(*net.TCPConn); ok {
				err = errors.Join(err, tcp.SetReadBuffer(socketBuffer))
			}
		}
		if err != nil {
			_ = far.Close() // there is no path then
			return
		}
		p.Join(near, far)
	})
}

// Path is a path that any number of connections share.
type Path struct{ there, back *line }

// New makes a path.
func New(cfg Config) *Path { return &Path{newLine(cfg), newLine(cfg)} }

// Become makes the path as cfg has it for what is put on it from now on, but for Room, which stays.
// What is on its way is not overtaken.
func (p *Path) Become(cfg Config) {
	for _, l := range []*line{p.there, p.back} {
		l.oneWay.Store(int64(cfg.OneWay))
		l.rate.Store(cfg.Rate)
	}
}

// Join carries what comes in at one of two connections to the other, both ways, until one of them
// ends. It blocks until then, and closes both.
func (p *Path) Join(near, far net.Conn) {
	var both sync.WaitGroup
	both.Go(func() { p.there.carry(near, far) })
	both.Go(func() { p.back.carry(far, near) })
	both.Wait()
}

// line is one direction of a path.
type line struct {
	oneWay, rate atomic.Int64 // as in Config
	room         int64
	origin       time.Time
	free         atomic.Int64 // when what was put on it has left, in nanoseconds since origin
}

func newLine(cfg Config) *line {
	l := &line{room: cfg.Room, origin: time.Now()}
	l.oneWay.Store(int64(cfg.OneWay))
	l.rate.Store(cfg.Rate)
	return l
}

// put puts n bytes on the line, behind those that are there, and returns when they come out.
func (l *line) put(n int) time.Time {
	takes := int64(0)
	if rate := l.rate.Load(); rate > 0 {
		takes = int64(n) * int64(time.Second) / rate
	}
	for {
		free := l.free.Load()
		left := max(free, int64(time.Since(l.origin))) + takes
		if l.free.CompareAndSwap(free, left) {
			return l.origin.Add(time.Duration(left + l.oneWay.Load()))
		}
	}
}

// piece is bytes on their way.
type piece struct {
	bytes []byte
	at    time.Time // when they come out
}

// carry brings bytes from one end to the other until one of them is closed, and closes both: what
// was read until then is still delivered.
func (l *line) carry(from, to net.Conn) {
	var under atomic.Int64 // bytes on their way
	left := make(chan struct{}, 1)
	way := make(chan piece, 1<<16)
	var delivery sync.WaitGroup
	delivery.Go(func() {
		defer func() { _, _ = from.Close(), to.Close() }() // or one was
		for p := range way {
			wait(time.Until(p.at))
			if _, err := to.Write(p.bytes); err != nil {
				_ = from.Close() // which ends the reading
				break
			}
			under.Add(-int64(len(p.bytes)))
			select {
			case left <- struct{}{}:
			default:
			}
		}
		close(left)
		for range way { // what cannot be delivered
		}
	})
	defer delivery.Wait()
	defer close(way)
	for buffer := make([]byte, 64<<10); ; {
		n, err := from.Read(buffer)
		if n > 0 {
			under.Add(int64(n))
			way <- piece{append([]byte(nil), buffer[:n]...), l.put(n)}
		}
		if err != nil {
			return
		}
		for under.Load() >= l.room {
			if _, more := <-left; !more {
				return
			}
		}
	}
}

// wait blocks for d, if that is not over.
func wait(d time.Duration) {
	if d > 0 {
		<-time.NewTimer(d).C
	}
}
