package proxy_test

import (
	"context"
	"runtime"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/discover"
)

// badSource is a Discoverer whose Source panics.
type badSource struct{ discovering }

func (badSource) Source() string { panic("in Source") }

// badFinder is a Finder that panics.
type badFinder struct{ discovering }

func (badFinder) Find(context.Context) ([]messages.Found, error) { panic("in Find") }

func TestAPanicOfADiscovererIsAFailureOfDiscovery(t *testing.T) {
	finds := discovering(func(context.Context) ([]string, error) { return []string{"c"}, nil })
	p := startProxy(t, proxy.Config{Pinger: pinging(upPinger), Discoverer: badSource{finds}})
	awaitView(t, p, "what was found, without its source", func(v *messages.View) bool { return v.Len() == 1 })
	broken, err := discover.NewChain(discover.Link{From: discovering(func(context.Context) ([]string, error) { panic("in a link") })})
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]proxy.Discoverer{
		"a link":   broken,
		"Discover": discovering(func(context.Context) ([]string, error) { panic("in Discover") }),
		"exits":    discovering(func(context.Context) ([]string, error) { runtime.Goexit(); return nil, nil }),
		"Find":     badFinder{finds},
	} {
		p := startProxy(t, proxy.Config{Pinger: pinging(upPinger), Discoverer: d})
		eventually(t, name, func() bool { return strings.Contains(p.Explain().String(), "panic: ") })
		lives(t, p)
		if p.Stats().Panics == 0 {
			t.Errorf("%s: not counted", name)
		}
	}
}
