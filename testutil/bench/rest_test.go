package main

import (
	"errors"
	"runtime"
	"testing"

	"github.com/open-nomad/rpcproxy/testutil"
)

// What an idle session, and an idle proxy, may hold, as times of what a bare yamux session with one
// stream holds in the same process: more than they do, and less than with one buffer or mailbox
// that is kept for nothing. What they do hold: go run ./testutil/bench -only memory/
const (
	mostOfSession = 1.6
	mostOfProxy   = 1.4

	// A session has yamux's two. A proxy has none.
	goroutinesOfSession = 2
	goroutinesOfProxy   = 0
)

// restless is what is wrong with the footprint of something idle.
func restless(f, bare footprint, times, goroutines float64) error {
	switch {
	case f.bytes > times*bare.bytes:
		return errors.New("it holds too much")
	case f.goroutines > goroutines+0.1: // a few of the process may have come and gone
		return errors.New("it has too many goroutines")
	}
	return nil
}

func TestWhatIsIdleHoldsLittle(t *testing.T) {
	testutil.AwaitNone(t)
	_, err := sessionFootprint(t.Context()) // of the process, what is made the first time
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := sessionFootprint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bare, session := *sessions[baseline], *sessions[ours]
	proxies, err := proxyFootprint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("a bare session %+v, a session %+v, a proxy %+v", bare, session, *proxies[ours])
	if err := restless(session, bare, mostOfSession, goroutinesOfSession); err != nil {
		t.Errorf("a session: %v: %+v, and a bare one %+v", err, session, bare)
	}
	if err := restless(*proxies[ours], bare, mostOfProxy, goroutinesOfProxy); err != nil {
		t.Errorf("a proxy: %v: %+v, and a bare session %+v", err, *proxies[ours], bare)
	}

	// The limits notice a read buffer, a mailbox, and a goroutine that waits.
	for name, add := range map[string]func() (release func()){
		"a read buffer": func() func() { b := make([]byte, 16<<10); return func() { runtime.KeepAlive(b) } },
		"a goroutine":   func() func() { end := make(chan struct{}); go func() { <-end }(); return func() { close(end) } },
	} {
		planted, err := footprintOf(t.Context(), 100, func(int) (func() error, error) {
			release := add()
			return func() error { release(); return nil }, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		with := func(f footprint) footprint {
			return footprint{f.bytes + planted.bytes, f.goroutines + planted.goroutines, f.resident}
		}
		if restless(with(session), bare, mostOfSession, goroutinesOfSession) == nil {
			t.Errorf("%s more, and a session is not restless: %+v", name, with(session))
		}
		if restless(with(*proxies[ours]), bare, mostOfProxy, goroutinesOfProxy) == nil {
			t.Errorf("%s more, and a proxy is not restless: %+v", name, with(*proxies[ours]))
		}
	}
}
