package proxy

import (
	"reflect"
	"strings"

	"github.com/open-nomad/rpcproxy/pool"
)

// Class is what happens if a call is executed twice. The classes of Nomad's methods are
// known by name. Any other method is a Read if its arguments say so, by a method
// IsRead() bool or a field or key MinQueryIndex; Idempotent if they have an
// IdempotencyToken that is not empty; else AtMostOnce.
type Class uint8

const (
	// AtMostOnce is never sent again once a server may have acted on it. On a session that
	// was silent it is sent only after a ping was answered.
	AtMostOnce Class = iota
	// Idempotent may be executed twice: the result is the same.
	Idempotent
	// Read changes nothing.
	Read
)

func (c Class) String() string {
	switch c {
	case Read:
		return "read"
	case Idempotent:
		return "idempotent"
	default:
		return "at most once"
	}
}

// repeatable reports whether a call that may have been executed may be sent again.
func (c Class) repeatable() bool { return c != AtMostOnce }

// classify is the class of a call; WithClass overrides it. The table of methods counts
// before the arguments: requests that act have the options of queries too, and IsRead with
// them.
func classify(method string, args any) Class {
	if c, known := classes[method]; known {
		return c
	}
	if service, _, _ := strings.Cut(method, "."); acting[service] {
		return AtMostOnce
	}
	r, tells := args.(interface{ IsRead() bool })
	if tells && !isNil(args) {
		var read bool
		if read, tells = askMethod(r.IsRead); read {
			return Read
		}
	}
	switch fields := pool.Fields(args); {
	case fields.IdempotencyToken:
		return Idempotent // by the caller's own statement
	case fields.Query && !fields.Write && !tells:
		return Read
	}
	return AtMostOnce
}

// askMethod calls a method of the arguments; ok is false if it panics, as one does that is
// promoted from an embedded nil pointer: such arguments can still be sent.
func askMethod[T any](method func() T) (v T, ok bool) {
	defer func() { _ = recover() }()
	return method(), true
}

// isNil reports whether args is a nil pointer, whose methods may panic.
func isNil(args any) bool {
	v := reflect.ValueOf(args)
	return v.Kind() == reflect.Pointer && v.IsNil()
}
