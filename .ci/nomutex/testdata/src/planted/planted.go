// Package planted breaks the rule in every way there is.
package planted

import (
	"elsewhere"
	"sync"
	"sync/atomic"
)

type field struct {
	mu sync.Mutex   // want `sync.Mutex is not used here: state belongs to one goroutine`
	rw sync.RWMutex // want `sync.RWMutex is not used here`
}

type embedded struct {
	sync.Mutex // want `sync.Mutex is not used here`
}

type pointer struct {
	mu *sync.RWMutex // want `sync.RWMutex is not used here`
}

type alias = sync.Mutex // want `sync.Mutex is not used here`

type defined sync.Mutex // want `sync.Mutex is not used here`

type byKey map[string][]*sync.Mutex // want `sync.Mutex is not used here`

type aliasField struct {
	mu alias // want `sync.Mutex is not used here`
}

type foreignAlias struct {
	mu elsewhere.Lock // want `sync.Mutex is not used here`
}

type behindAtomic struct {
	p atomic.Pointer[sync.Map] // want `sync.Map is not used here`
}

type locker interface {
	sync.Locker // want `sync.Locker is not used here`
}

var global sync.Map // want `sync.Map is not used here`

func local() {
	var mu sync.Mutex // want `sync.Mutex is not used here`
	mu.Lock()         // want `sync.Mutex is not used here`
	mu.Unlock()       // want `sync.Mutex is not used here`
}

func cond() {
	c := sync.NewCond(nil) // want `sync.Cond is not used here`
	c.Wait()               // want `sync.Cond is not used here`
}

func inferred() {
	mu := elsewhere.New()   // want `sync.Mutex is not used here`
	_ = mu                  // want `sync.Mutex is not used here`
	elsewhere.Shared.Lock() // want `sync.Mutex is not used here`
}

func promoted(g *elsewhere.Guarded) {
	g.Lock() // want `sync.Mutex is not used here`
}

func parameter(
	mu *sync.Mutex, // want `sync.Mutex is not used here`
) {
}

func generic[T any](...T) {}

func instantiated() {
	generic[*sync.Mutex]() // want `sync.Mutex is not used here`
}

func method() {
	_ = (*sync.Mutex).Lock // want `sync.Mutex is not used here`
}
