package pool

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool/internal/dialing"
	"github.com/open-nomad/rpcproxy/pool/internal/mux"
)

// Patience is how long a test waits for what must happen. It costs nothing where
// that does happen, however slow the machine is.
const Patience = 30 * time.Second

// OpeningsFirst is how many streams of a session may wait to be acknowledged at first.
const OpeningsFirst = mux.OpensFirst

// ErrShortLived is the cause of a call that no session lived long enough for.
var ErrShortLived = errShortLived

// Far puts the limits that are not given so far away that no slow machine comes
// to them: a test in which nothing is late must not depend on how soon it is run.
// The limits themselves are proven where the clock is the test's.
func Far(cfg Config) Config {
	const far = time.Hour
	for _, limit := range []*time.Duration{&cfg.DialTimeout, &cfg.SilenceLimit, &cfg.PingTimeout, &cfg.DrainTimeout} {
		if *limit == 0 {
			*limit = far
		}
	}
	return cfg
}

// Hooked is New with hooks.
func Hooked(cfg Config, hooks ...poolhooks.Hooks) (*Pool, error) {
	return newPool(cfg, append(hooks, poolhooks.Hooks{})[0])
}

// Control is p as the proxy sees it.
func Control(p *Pool) poolhooks.Control { return control{p} }

// DialLimit has the test end the time of p's dials, in place of
// DialTimeout, which the error names all the same. It must be called before the
// first dial; later dials have time enough.
func DialLimit(p *Pool) (over func()) {
	ended := make(chan struct{})
	p.limit = func(ctx context.Context, _ time.Duration) (context.Context, context.CancelFunc) {
		ctx, let := context.WithTimeout(ctx, time.Hour) // as long as it is not over
		select {
		case <-ended:
			return ctx, let
		default:
		}
		limited, end := context.WithCancelCause(ctx)
		go func() {
			select {
			case <-ended:
				end(&dialing.LateError{Limit: p.cfg.DialTimeout})
			case <-limited.Done():
			}
		}()
		return limited, func() { end(nil); let() }
	}
	return func() { close(ended) }
}

// Published is the session that calls to addr take now.
func Published(p *Pool, addr string) any { return (*p.table.Load())[addr] }

// Dialed tells of each connect of p's, by route, once it has come about or failed.
// It must be called before the first.
func Dialed(p *Pool) <-chan string { _, ended := connects(p); return ended }

// Dialing is Dialed as they begin. A dial's first is what it was to try first, also on a machine so
// slow that it tries others beside it, of which one is quicker.
func Dialing(p *Pool) <-chan string { begun, _ := connects(p); return begun }

func connects(p *Pool) (begun, ended chan string) {
	const most = 1000
	begun, ended = make(chan string, most), make(chan string, most)
	dial := p.cfg.Dial
	p.cfg.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		begun <- addr
		conn, err := dial(ctx, network, addr)
		ended <- addr
		return conn, err
	}
	return begun, ended
}

// Answered is when the last whole answer to a call came in on the session to addr, and
// heard when the last byte did, since p was made.
func Answered(p *Pool, addr string) (answered, heard time.Duration) {
	signs := &(*p.table.Load())[addr].conn.Signs
	return time.Duration(signs.Answered.Load()), time.Duration(signs.Read.Load())
}

// noError fails the test with err, if there is one.
func noError(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// Written waits until p's log is written.
func Written(p *Pool) { p.queue.Flush(context.Background()) }
