package pool_test

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/open-nomad/rpcproxy/pool"
)

// A handler that panics ends its stream only, each time; the log has each line of code that
// does so once, with a stack of bounded length.
func TestAPanicOfAHandlerIsLoggedOnceForEachPlace(t *testing.T) {
	log := make(lines, 100)
	var none *badError
	var deep func(n int) (any, error)
	deep = func(n int) (any, error) {
		if n > 0 {
			return deep(n - 1)
		}
		panic("far below")
	}
	s, p := agentWith(t, pool.Config{Logger: zerolog.New(log).Level(zerolog.WarnLevel), Handlers: pool.Handlers{
		Calls: map[string]pool.CallHandler{
			"Test.One":    func(context.Context, func(any) error) (any, error) { return none.text, nil },
			"Test.Two":    func(context.Context, func(any) error) (any, error) { return none.text, nil },
			"Test.Deep":   func(context.Context, func(any) error) (any, error) { return deep(1000) },
			"Test.Double": doubles,
		},
		Streams: map[string]pool.StreamHandler{"Test.Stream": func(context.Context, net.Conn) error { _ = none.text; return nil }},
	}})
	for range 5 {
		for _, method := range []string{"Test.One", "Test.Two", "Test.Deep"} {
			if err := s.CallNode(within(t), "n1", method, 1, nil); err == nil {
				t.Errorf("%s was answered", method)
			}
		}
		c, err := s.StreamNode(within(t), "n1", "Test.Stream")
		noError(t, err)
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("the stream goes on")
		}
		_ = c.Close()
	}
	var n int
	if err := s.CallNode(within(t), "n1", "Test.Double", 4, &n); err != nil || n != 8 {
		t.Errorf("another one: %d, %v", n, err)
	}
	if st := p.Stats(); st.Panics != 20 || st.Dials != 1 {
		t.Errorf("%+v", st)
	}
	pool.Written(p)
	said := map[string]int{}
	for range len(log) {
		var line struct{ Level, In, Panic, Stack string }
		if err := json.Unmarshal([]byte(<-log), &line); err != nil {
			t.Fatal(err)
		}
		if line.Level != "error" || line.In != "Config.Handlers" || len(line.Stack) > 9<<10 || !strings.Contains(line.Stack, "handlers_panic_test.go") {
			t.Errorf("%+v", line)
		}
		said[line.Panic]++
	}
	if len(said) != 2 || said["far below"] != 1 || said["runtime error: invalid memory address or nil pointer dereference"] != 3 {
		t.Errorf("%v", said)
	}
}
