package discover_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/messages"
	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy/discover"
	"github.com/open-nomad/rpcproxy/proxy/internal/lastgood"
)

var errDown = errors.New("down")

// asked is a discoverer that counts how often it is asked.
type asked struct {
	name  string
	times int
	does  func(ctx context.Context) ([]string, error)
}

func (a *asked) Source() string { return a.name }

func (a *asked) Discover(ctx context.Context) ([]string, error) {
	a.times++
	return a.does(ctx)
}

// finding is a discoverer that finds what list holds when it is asked.
func finding(name string, list *[]string) *asked {
	return &asked{name: name, does: func(context.Context) ([]string, error) { return *list, nil }}
}

func chain(t testing.TB, links ...discover.Discoverer) *discover.Chain {
	t.Helper()
	list := make([]discover.Link, 0, len(links))
	for _, d := range links {
		list = append(list, discover.Link{From: d})
	}
	c, err := discover.NewChain(list...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// found asks the chain and writes what it found as addr(source).
func found(t testing.TB, c *discover.Chain) ([]string, error) {
	t.Helper()
	list, err := c.Find(t.Context())
	texts := make([]string, 0, len(list))
	for _, f := range list {
		texts = append(texts, fmt.Sprintf("%s(%s)", f.Addr, f.Source))
	}
	return texts, err
}

func TestALinkThatFailsGivesWayAndIsNamed(t *testing.T) {
	list := []string{"a"}
	dns := &asked{name: "dns", does: func(context.Context) ([]string, error) { return nil, errDown }}
	c := chain(t, dns, finding("consul", &list))
	got, err := found(t, c)
	failed, ok := errors.AsType[discover.Errors](err)
	if !slices.Equal(got, []string{"a(consul)"}) || !ok || len(failed) != 1 || failed[0].Source != messages.SourceDNS || !errors.Is(err, errDown) {
		t.Errorf("%v, %v", got, err)
	}
	if err == nil || err.Error() != "discover: dns: down" {
		t.Errorf("the error reads %v", err)
	}
	if addrs, err := c.Discover(t.Context()); err != nil || !slices.Equal(addrs, list) {
		t.Errorf("Discover: %v, %v", addrs, err)
	}
	list = nil
	if addrs, err := c.Discover(t.Context()); !errors.Is(err, errDown) || len(addrs) != 0 {
		t.Errorf("Discover without a find: %v, %v", addrs, err)
	}
}

func TestTheFileOfTheLastGoodServersIsALink(t *testing.T) {
	path := filepath.Join(t.TempDir(), "servers.json")
	c := chain(t, discover.File(path))
	if got, err := found(t, c); err != nil || len(got) != 0 {
		t.Errorf("without a file: %v, %v", got, err)
	}
	if err := lastgood.Save(path, []string{"a:1"}); err != nil {
		t.Fatal(err)
	}
	if got, err := found(t, c); err != nil || !slices.Equal(got, []string{"a:1(file)"}) {
		t.Errorf("%v, %v", got, err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := found(t, c); len(got) != 0 || !errors.As(err, new(*discover.DamagedError)) {
		t.Errorf("a damaged file: %v, %v", got, err)
	}
}

func TestABadChainIsRefused(t *testing.T) {
	for _, links := range [][]discover.Link{
		{},
		{{From: discover.Static{"a"}}, {}},
		{{From: discover.Static{"a"}, Timeout: -time.Second}},
	} {
		if _, err := discover.NewChain(links...); !errors.As(err, new(*discover.LinkError)) {
			t.Errorf("%+v: %v", links, err)
		}
	}
}

func TestTheServersFoundByALinkAreBounded(t *testing.T) {
	many := make([]string, 5000)
	for i := range many {
		many[i] = fmt.Sprintf("h%d", i)
	}
	got, err := chain(t, discover.Static(many)).Find(t.Context())
	if err != nil || len(got) != 1024 {
		t.Errorf("%d found, %v", len(got), err)
	}
}

// own is a Discoverer of the agent's.
type own struct {
	discover func() ([]string, error)
	source   func() string
}

func (o *own) Discover(context.Context) ([]string, error) { return o.discover() }

func (o *own) Source() string { return o.source() }

func TestALinkThatPanicsOrEndsItsGoroutineHidesNoOther(t *testing.T) {
	for name, harm := range map[string]func(){"a panic": func() { panic("boom") }, "Goexit": runtime.Goexit} {
		for _, inSource := range []bool{false, true} {
			bad := &own{func() ([]string, error) { return nil, nil }, func() string { return "own" }}
			if inSource {
				bad.source = func() string { harm(); return "" }
			} else {
				bad.discover = func() ([]string, error) { harm(); return nil, nil }
			}
			c, err := discover.NewChain(discover.Link{From: bad}, discover.Link{From: discover.Static{"a"}})
			if err != nil {
				t.Fatal(err)
			}
			found, err := c.Find(t.Context())
			if len(found) != 1 || found[0].Addr != "a" {
				t.Errorf("%s: %v", name, found)
			}
			if _, panicked := errors.AsType[*pool.AgentPanicError](err); panicked == inSource {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	var none *own
	if _, err := discover.NewChain(discover.Link{From: none}); err == nil {
		t.Error("a nil pointer was taken")
	}
}
