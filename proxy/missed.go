package proxy

import (
	"maps"
	"sync/atomic"

	"github.com/open-nomad/rpcproxy/messages"
)

// missedNotices are the pools' notices of failed servers for which the owner's mailbox had no
// room, one for each address. Any goroutine may use it.
type missedNotices struct {
	kept atomic.Pointer[map[string]messages.Message] // not changed once it is published; nil: none
}

// keep keeps m, a notice about addr, in place of the one before, unless m doubts only.
func (n *missedNotices) keep(addr string, m messages.Message, doubts bool) {
	for {
		old, next := n.kept.Load(), map[string]messages.Message{addr: m}
		if old != nil {
			if (*old)[addr] != nil && doubts {
				return
			}
			next = maps.Clone(*old)
			next[addr] = m
		}
		if n.kept.CompareAndSwap(old, &next) {
			return
		}
	}
}

// take removes what is kept, and returns it.
func (n *missedNotices) take() map[string]messages.Message {
	if kept := n.kept.Swap(nil); kept != nil {
		return *kept
	}
	return nil
}

// recall has the owner take what it missed. It goes through the mailbox like any message, so
// that what was there before a notice is taken before it.
type recall struct{ messages.Suspected } // so that it is a message
