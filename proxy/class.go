package proxy

import (
	"reflect"
	"strings"

	"github.com/open-nomad/rpcproxy/pool"
)

// Class says what happens if a call is executed twice. The methods of Nomad that
// read, that bear repetition and that do not are known by name. Any other is a Read
// if its arguments say so, by a method IsRead() bool or a field or key
// MinQueryIndex; Idempotent if they have an IdempotencyToken that is not empty;
// else AtMostOnce.
type Class uint8

// The zero value is the careful one.
const (
	AtMostOnce Class = iota // never sent again once a server may have acted on it, and not sent on a session that was silent before that has answered a ping
	Idempotent              // twice is as good as once
	Read                    // changes nothing
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

// repeatable says whether a call that may have been executed may be sent again.
func (c Class) repeatable() bool { return c != AtMostOnce }

// reader is implemented by arguments that know whether their request only reads.
type reader interface{ IsRead() bool }

// classify is the class of a call; WithClass overrides it. What is known of the
// method counts before what its arguments say: requests that act carry the options
// of queries too, and IsRead with them.
func classify(method string, args any) Class {
	if c, known := classes[method]; known {
		return c
	}
	if service, _, _ := strings.Cut(method, "."); acting[service] {
		return AtMostOnce
	}
	r, says := args.(reader)
	if says && !isNil(args) {
		var read bool
		if read, says = answer(r.IsRead); read {
			return Read
		}
	}
	switch fields := pool.Fields(args); {
	case fields.IdempotencyToken:
		return Idempotent // the caller has said so
	case fields.Query && !fields.Write && !says:
		return Read
	}
	return AtMostOnce
}

// answer is what a method of the arguments says. It says nothing where it panics, as one
// does that is promoted from an embedded pointer that is nil: such arguments can be sent.
func answer[T any](method func() T) (v T, says bool) {
	defer func() { _ = recover() }()
	return method(), true
}

// isNil says whether args is a nil pointer, whose methods may not bear it.
func isNil(args any) bool {
	v := reflect.ValueOf(args)
	return v.Kind() == reflect.Pointer && v.IsNil()
}
