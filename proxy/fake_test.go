package proxy_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/proxy"
)

// errDown is what a fake server that is down answers.
var errDown = errors.New("down")

// pinging is a Pinger that is no Caller.
type pinging func(ctx context.Context, addr string) (time.Duration, error)

func (f pinging) Ping(ctx context.Context, addr string) (time.Duration, error) { return f(ctx, addr) }

// upPinger finds every server alive.
func upPinger(context.Context, string) (time.Duration, error) { return time.Millisecond, nil }

// embedded is somebody else's pool: a Pinger and a Caller.
type embedded struct {
	pinging
	call func(ctx context.Context, addr, method string) error
}

func (e embedded) Call(ctx context.Context, addr, method string, _, _ any) error {
	return e.call(ctx, addr, method)
}

// discovering is a Discoverer.
type discovering func(ctx context.Context) ([]string, error)

func (f discovering) Discover(ctx context.Context) ([]string, error) { return f(ctx) }

// lines is a log's destination: one line each. What does not fit is lost.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	select {
	case l <- string(b):
	default:
	}
	return len(b), nil
}

// with takes the lines of p so far and counts those that hold text.
func (l lines) with(p *proxy.Proxy, text string) (n int) {
	proxy.Written(p)
	for {
		select {
		case line := <-l:
			if strings.Contains(line, text) {
				n++
			}
		default:
			return n
		}
	}
}

// counted is the argument of Echo.Count.
type counted struct{ ID string }

// options is a call of the class.
func options(c proxy.Class) []proxy.CallOption { return []proxy.CallOption{proxy.WithClass(c)} }
