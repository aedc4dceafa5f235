package wire

import "github.com/open-nomad/rpcproxy/internal/printable"

// KindError reports that a value is of another kind than its reader wants. It is found before
// anything is decoded where the codec would take the bytes of one kind for those of another.
type KindError struct {
	Found string // "a number", for example
	Into  string // the type that it was to be read into; empty: it was to be passed over
}

func (e *KindError) Error() string {
	if e.Into == "" {
		return printable.Name(e.Found) + " cannot be passed over"
	}
	return printable.Name(e.Found) + " cannot be read into a value of type " + printable.Name(e.Into)
}

// found is what an element of n bytes is called in an error.
func found(first byte, n uint64) string {
	switch kind := forms[first].kind; {
	case kind == never:
		return "byte 0xc1, which begins no value"
	case kind == pairs:
		return "a map"
	case kind == array:
		return "a list"
	case kind == extension && n <= 1:
		return "an extension without content"
	case kind == extension:
		return "an extension"
	case first == codeNil:
		return "nil"
	case first == 0xc2 || first == 0xc3:
		return "a boolean"
	case isText(first):
		return "a text"
	}
	return "a number"
}
