package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/cmd/rpcproxy/internal/demo"
	"github.com/open-nomad/rpcproxy/proxy/status"
	"github.com/open-nomad/rpcproxy/testutil"
)

// fetch asks for a page of the demo's.
func fetch(t *testing.T, url string) (int, string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), limit)
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// told is where what is written goes, and sends it on.
type told struct {
	bytes.Buffer
	lines chan string
}

func (w *told) Write(p []byte) (int, error) {
	select {
	case w.lines <- string(p):
	default:
	}
	return w.Buffer.Write(p)
}

var shownAt = regexp.MustCompile(`the proxy is shown at (http://127\.0\.0\.1:[0-9]+/)\n`)

func TestTheDemoIsShownOverHTTPWhileItRunsAndIsHeldAtTheEnd(t *testing.T) {
	for _, lost := range []bool{false, true} {
		testutil.AwaitNone(t)
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		errs := &told{lines: make(chan string, 16)}
		url, during := "", 0
		steps := []demo.Step{step("look", func(context.Context, *demo.Env) error {
			match := shownAt.FindStringSubmatch(<-errs.lines)
			if match == nil {
				t.Error("nothing says where the proxy is shown")
				return nil
			}
			url = match[1]
			during, _ = fetch(t, url)
			return nil
		})}
		want := exitOK
		if lost {
			steps, want = append(steps, step("planted loss", loseOne)), exitFailed
		}
		var out bytes.Buffer
		status := make(chan int)
		written := &told{lines: make(chan string, 16)}
		go func() {
			status <- run(ctx, only(steps...), []string{"demo", "--callers", "2", "--status", "127.0.0.1:0", "--hold"}, io.MultiWriter(&out, written), errs)
		}()
		for range steps {
			<-written.lines // a step has ended, and calls go on
		}
		heldState(t, url)
		interrupt()
		code := <-status
		expect(t, code, want, out.String(), errs.String())
		if during != http.StatusOK || !strings.Contains(out.String(), "calls lost, 0 goroutines left") || !strings.Contains(out.String(), "held until Ctrl-C") || strings.Contains(errs.String(), "interrupted") {
			t.Errorf("%d\n%s\n%s", during, out.String(), errs.String())
		}
		if code, _ := fetch(t, url); code != 0 {
			t.Errorf("it is shown after the end: %d", code)
		}
	}
}

// heldState sees that calls are answered after the last step.
func heldState(t *testing.T, url string) {
	t.Helper()
	answered := func() uint64 {
		code, body := fetch(t, url+"state.json")
		var s status.State
		if err := json.Unmarshal([]byte(body), &s); err != nil || code != http.StatusOK {
			t.Fatalf("%d, %v", code, err)
		}
		return s.Snapshot.Counts.Calls["answered"]
	}
	ctx, stop := context.WithTimeout(t.Context(), limit)
	defer stop()
	for first := answered(); answered() <= first; {
		if ctx.Err() != nil {
			t.Fatal("no calls are made while it is held")
		}
	}
}

func TestADemoThatCannotBeShownDoesNotBegin(t *testing.T) {
	for addr, says := range map[string]string{"0.0.0.0:0": "other machines", "nowhere": "give a loopback address", "unix:": "has no path"} {
		out, errs, status := runDemo(t, only(step("never", func(context.Context, *demo.Env) error {
			t.Error("it has begun")
			return nil
		})), "--status", addr)
		if status != exitUsage || !strings.Contains(errs, "--status: status: the address") || !strings.Contains(errs, says) {
			t.Errorf("%s: %d, %q, %q", addr, status, out, errs)
		}
	}
}
