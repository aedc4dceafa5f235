package admit

import (
	"maps"
	"os/user"
	"strconv"
	"sync/atomic"
	"time"
)

// users remembers the names of users who were refused: a lookup may read files or ask other
// machines, and a flood of refusals must not.
type users struct {
	known  atomic.Pointer[map[uint32]string] // not changed once it is published
	asking atomic.Bool                       // a lookup is under way
}

// Bounds of the names.
const (
	maxNames = 64
	nameTime = time.Second // for a lookup; it goes on without its caller
)

// name is the name of a user; empty if it is not known, or not yet.
func (u *users) name(uid uint32) string {
	var known map[uint32]string
	if p := u.known.Load(); p != nil {
		known = *p
	}
	name, found := known[uid]
	if found || len(known) >= maxNames || !u.asking.CompareAndSwap(false, true) {
		return name
	}
	answer := make(chan string, 1)
	go func() {
		defer u.asking.Store(false)
		var name string
		if account, err := user.LookupId(strconv.FormatUint(uint64(uid), 10)); err == nil {
			name = account.Username
		}
		grown := map[uint32]string{uid: name}
		maps.Copy(grown, known) // only this goroutine publishes
		u.known.Store(&grown)
		answer <- name
	}()
	patience := time.NewTimer(nameTime)
	defer patience.Stop()
	select {
	case name = <-answer:
	case <-patience.C:
	}
	return name
}
