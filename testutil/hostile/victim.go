package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

// account is what a victim tells at its end.
type account struct {
	Used    figures `json:"used"`
	Calls   int64   `json:"calls"`
	Failed  int64   `json:"failed"`
	Said    string  `json:"said,omitempty"` // the last error of a call
	In      uint64  `json:"bytes_in"`       // on the sessions
	Refused string  `json:"refused,omitempty"`
	Fault   string  `json:"fault,omitempty"` // why the agent does not work afterwards
	Left    int     `json:"goroutines_left"` // after it was stopped
	Open    int     `json:"files_left"`      // above what there was before it started
}

// playVictim runs the agent until the attack is over, sees whether it still works,
// and tells what it used.
func playVictim(o order, words <-chan string) error {
	s, err := find(o.Scenario)
	if err != nil {
		return err
	}
	debug.FreeOSMemory() // what the tables of attacks took
	before := runtime.NumGoroutine()
	files := openFiles()
	var acc account
	g := openGauge(func() {
		acc := account{Used: figures{RSS: ceiling}, Fault: fmt.Sprintf("it took more than %d MiB of memory and was ended", ceiling/mebi)}
		_ = tell(acc) // whoever reads it, this process must end
		os.Exit(0)
	})
	a, err := within("start", func() (*agent, error) { return s.agent(o.Target) })
	if err != nil {
		return tell(account{Fault: err.Error(), Used: g.close()})
	}
	ctx, stop := context.WithCancel(context.Background())
	plant(ctx, o.Plant)
	if _, err := io.WriteString(os.Stdout, wordUp+"\n"); err != nil {
		stop()
		return err
	}
	go func() {
		defer stop()
		for word := range words {
			if word == wordEnd {
				return
			}
		}
	}()
	faults := a.toil(ctx)
	faults = errors.Join(faults, a.works(o.Target.Good))
	acc.In = a.proxy.Stats().BytesIn
	faults = errors.Join(faults, a.stop())
	acc.Used = g.close()
	acc.Left = testutil.Leftover(before, patience/2)
	acc.Open = max(0, openFiles()-files)
	acc.Calls, acc.Failed = a.calls.Load(), a.failed.Load()
	if said := a.said.Load(); said != nil {
		acc.Said = *said
	}
	if a.first != nil {
		acc.Refused = a.first.Error()
	}
	if faults != nil {
		acc.Fault = faults.Error()
	}
	return tell(acc)
}

// within is what f returns, or an error when it does not.
func within[T any](what string, f func() (T, error)) (T, error) {
	type outcome struct {
		v   T
		err error
	}
	result := make(chan outcome, 1)
	go func() {
		v, err := f()
		result <- outcome{v, err}
	}()
	select {
	case r := <-result:
		return r.v, r.err
	case <-time.After(patience / 2):
		var none T
		return none, fmt.Errorf("the agent does not %s within %v", what, patience/2)
	}
}

// planted keeps what was leaked.
var planted []any

// plant leaks something on purpose; goroutines until ctx ends.
func plant(ctx context.Context, what string) {
	switch what {
	case "rss":
		b := make([]byte, 512<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		planted = append(planted, b)
	case "goroutines":
		for range 5000 {
			go func() { <-ctx.Done() }()
		}
	case "fds":
		for range 500 {
			f, err := os.Open(os.DevNull)
			if err != nil {
				break
			}
			planted = append(planted, f)
		}
	}
}
