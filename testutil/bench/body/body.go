package body

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/hashicorp/go-msgpack/v2/codec"
)

// ErrReply reports a reply that is not the one that the server sends.
var ErrReply = errors.New("body: the reply is not that of the call")

// Call is a call as an agent makes it. Its values must not be changed.
type Call struct {
	Name   string     // of the call in the report
	Method string     // as "Node.UpdateStatus"
	Args   any        // a pointer
	Reply  any        // a pointer: what the server answers
	New    func() any // an empty reply, a pointer
	// Check returns an error that wraps ErrReply unless reply is that of the server, going by
	// one value of it, so that it costs next to nothing.
	Check func(reply any) error
}

// All returns the calls of agents, the smallest first.
func All() []Call { return []Call{ping, heartbeat, allocations, register} }

// Find returns the call of a name, of All or of Large.
func Find(name string) (Call, error) {
	for _, c := range slices.Concat(All(), Large()) {
		if c.Name == name {
			return c, nil
		}
	}
	return Call{}, fmt.Errorf("body: no call is named %q", name)
}

// Handle returns a codec set up as Nomad's is (Nomad 2.0.6, nomad/structs/structs.go,
// MsgpackHandle).
func Handle() *codec.MsgpackHandle {
	h := &codec.MsgpackHandle{}
	h.RawToString, h.TimeNotBuiltin = true, true
	h.MapType = reflect.TypeFor[map[string]any]()
	h.TypeInfos = codec.NewTypeInfos([]string{"codec"})
	return h
}

// Sizes returns how many bytes the arguments and the reply of c are, with the heads of a
// request and of a response.
func (c Call) Sizes() (args, reply int, err error) {
	size := func(values ...any) (int, error) {
		var b []byte
		e := codec.NewEncoderBytes(&b, Handle())
		n := 0
		for _, v := range values {
			if err := e.Encode(v); err != nil {
				return 0, err
			}
			n += len(b)
			e.ResetBytes(&b)
		}
		return n, nil
	}
	args, err1 := size(map[string]any{"ServiceMethod": c.Method, "Seq": 1000}, c.Args)
	reply, err2 := size(map[string]any{"ServiceMethod": c.Method, "Seq": 1000, "Error": ""}, c.Reply)
	return args, reply, errors.Join(err1, err2)
}

// call makes a Call whose reply is told by one value of it.
func call[R any, V comparable](name, method string, args any, reply *R, mark func(*R) V) Call {
	want := mark(reply)
	return Call{
		Name: name, Method: method, Args: args, Reply: reply, New: func() any { return new(R) },
		Check: func(got any) error {
			r, ok := got.(*R)
			if !ok {
				return fmt.Errorf("%w: a %T for a %T", ErrReply, got, reply)
			}
			if is := mark(r); is != want {
				return fmt.Errorf("%w: %v for %v", ErrReply, is, want)
			}
			return nil
		},
	}
}
