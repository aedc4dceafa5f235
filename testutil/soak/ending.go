package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
)

// ending is a call that has ended.
type ending struct {
	group      group
	id         string // by which its executions are counted; empty: they are not
	begin, end time.Time
	err        error
}

func (e *ending) String() string {
	return fmt.Sprintf("%v %s, after %v: %v", e.group, e.id, e.end.Sub(e.begin).Round(time.Millisecond), e.err)
}

// The bounds of a call.
const (
	callTimeout = 30 * time.Second
	overstay    = 5 * time.Second // for a busy machine
)

// fate is how a call ended, as far as its end alone tells.
type fate uint8

const (
	done       fate = iota
	undecided       // failed: it may have been executed
	untouched       // failed: it was not executed
	unreadable      // failed: the server's answer does not fit
	broken          // a breach
)

// judge tells the fate of a call, and for a broken one the breach.
func (e *ending) judge() (fate, breach) {
	call, labelled := errors.AsType[*proxy.CallError](e.err)
	switch {
	case e.err == nil:
		return done, 0
	case errors.As(e.err, new(*corruptError)):
		return broken, corrupted
	case !labelled:
		return broken, mislabelled
	case errors.As(e.err, new(*pool.DecodeError)), errors.As(e.err, new(*pool.SizeError)):
		if call.Outcome != pool.MaybeExecuted {
			return broken, mislabelled // it was executed
		}
		return unreadable, 0
	case errors.Is(e.err, proxy.ErrBreaksServers) && call.Outcome == pool.MaybeExecuted:
		// Connections broke under it again and again: the proxy cannot know that this was
		// not its doing. The ledger bounds how many there may be.
		return undecided, 0
	case e.group != atMostOnce:
		return broken, lost
	case call.Outcome == pool.MaybeExecuted:
		return undecided, 0
	default:
		return untouched, 0
	}
}

// settle compares how a counted call ended with how often it was executed; false
// if it is a breach.
func (e *ending) settle(executed int) (breach, bool) {
	f, _ := e.judge()
	switch {
	case e.group == atMostOnce && executed > 1:
		return duplicated, false
	case (f == done || f == unreadable) && executed == 0, f == untouched && executed > 0:
		return mislabelled, false
	}
	return 0, true
}
