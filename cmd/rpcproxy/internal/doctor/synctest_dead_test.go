package doctor

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
)

// three servers with a way to reach them, and the settings that the program has.
func three(dial func(ctx context.Context, network, addr string) (net.Conn, error)) Config {
	cfg := Config{Dial: dial}
	for _, addr := range []string{"10.0.0.1:4647", "10.0.0.2:4647", "10.0.0.3:4647"} {
		cfg.Servers = append(cfg.Servers, messages.Server{Name: addr, Addr: addr})
	}
	return cfg
}

// In a bubble, where time goes by only while everybody waits.
func TestThreeDeadServersTakeNoMoreThanFiveSeconds(t *testing.T) {
	lost := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	frozen := func(context.Context, string, string) (net.Conn, error) {
		near, _ := net.Pipe()
		return addressed{near}, nil
	}
	for name, c := range map[string]struct {
		dial func(ctx context.Context, network, addr string) (net.Conn, error)
		says string
		took time.Duration
	}{
		"lost":   {lost, "tcp FAIL no answer to a connection attempt", 1500 * time.Millisecond},
		"frozen": {frozen, "rpc FAIL it takes connections and says nothing", 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				_, text := diagnose(t, three(c.dial))
				if strings.Count(text, c.says) != 3 || time.Since(begun) != c.took || c.took > 5*time.Second {
					t.Errorf("after %v, want %v:\n%s", time.Since(begun), c.took, text)
				}
			})
		})
	}
}

// addressed is an end of a pipe with an address as sockets have them.
type addressed struct{ net.Conn }

func (addressed) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 4647} }

// What a run can take follows from its parts, whatever the servers do: all of them together
// have the Timeout, and what they advertise half as much again. What answers at once waits
// only for a clock that cannot be read.
func TestTheTimesOfARunAddUpToFiveSecondsAtMost(t *testing.T) {
	cfg := Config{}.withDefaults()
	if whole := cfg.Timeout + cfg.elsewhereLimit(); whole > 5*time.Second {
		t.Errorf("%v", whole)
	}
	if healthy := cfg.doorLimit() + cfg.elsewhereLimit(); healthy > 3*time.Second {
		t.Errorf("%v", healthy)
	}
	if cfg.nameLimit()+cfg.connectLimit() >= cfg.Timeout {
		t.Error("a name and a connection leave no time for what is behind them")
	}
}
