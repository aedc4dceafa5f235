package pool

import (
	"sync/atomic"
	"time"

	"github.com/open-nomad/rpcproxy/internal/ondemand"
	"github.com/open-nomad/rpcproxy/internal/poolcore"
)

// usual remembers how long servers take for their slow methods, by server and method.
// A method that is always answered soon needs no entry: its calls are late at the
// floor. It is bounded, never blocks, and allocates once, for the first slow one; a race between two answers loses
// one of them.
type usual struct {
	floor time.Duration
	known atomic.Int64                              // entries there are
	slots atomic.Pointer[[usualSlots]atomic.Uint64] // nil until a method was slow
}

// usualSlots is how many slow methods are remembered, of all servers together.
const usualSlots = 256

// A slot is empty, or has the upper half of a key above a time in units of 1 ms.
const (
	usualUnit = time.Millisecond
	usualKey  = uint64(0xffffffff) << 32
)

// hashed adds s to an FNV-1a hash of 64 bits.
func hashed(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * fnvPrime
	}
	return (h ^ 0xff) * fnvPrime // no name contains that byte
}

const (
	fnvBasis uint64 = 14695981039346656037
	fnvPrime uint64 = 1099511628211
)

// find is the slot of a server's method, and its entry; zero: the method is not known, and
// the slot is the one it would take.
func (u *usual) find(addr, method string) (at *atomic.Uint64, key, entry uint64) {
	key = hashed(hashed(fnvBasis, addr), method)
	slots := ondemand.Get(&u.slots, func() *[usualSlots]atomic.Uint64 { return new([usualSlots]atomic.Uint64) })
	one, two := &slots[key%usualSlots], &slots[(key%usualSlots)^1]
	key = key&usualKey | 1<<32 // never zero
	a, b := one.Load(), two.Load()
	switch {
	case a&usualKey == key:
		return one, key, a
	case b&usualKey == key:
		return two, key, b
	case uint32(a) <= uint32(b):
		return one, key, 0 // the quicker of the two is replaced
	default:
		return two, key, 0
	}
}

// takes is how long a server usually takes for a method; zero: not long.
func (u *usual) takes(addr, method string) time.Duration {
	if u.known.Load() == 0 {
		return 0
	}
	_, _, entry := u.find(addr, method)
	return time.Duration(uint32(entry)) * usualUnit
}

// late is the time after which a call to a server is late.
func (u *usual) late(addr, method string) time.Duration {
	return poolcore.LateAfter(u.takes(addr, method), u.floor)
}

// note records how long a call took.
func (u *usual) note(addr, method string, took time.Duration) {
	if took < u.floor/2 && u.known.Load() == 0 {
		return
	}
	at, key, entry := u.find(addr, method)
	next := poolcore.Learned(time.Duration(uint32(entry))*usualUnit, took, u.floor)
	if next == 0 && entry == 0 {
		return
	}
	before, value := at.Load(), uint64(0)
	if next > 0 {
		value = key | uint64(next/usualUnit)
	}
	if !at.CompareAndSwap(before, value) {
		return
	}
	switch {
	case before == 0 && value != 0:
		u.known.Add(1)
	case before != 0 && value == 0:
		u.known.Add(-1)
	}
}
