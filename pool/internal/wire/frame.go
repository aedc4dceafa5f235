package wire

import (
	"fmt"
	"strings"

	"github.com/open-nomad/rpcproxy/internal/printable"
)

// Frame is one value of a streaming call's output: an error, or data.
type Frame struct {
	Error *struct {
		Code    int // 0 if it is nil there
		Message string
	}
	Payload []byte // of logs, files, commands
	Event   *struct{ Data []byte }
}

// Data is the content of the frame, under any of its names; nil for an error.
func (f *Frame) Data() []byte {
	if f.Payload == nil && f.Event != nil {
		return f.Event.Data
	}
	return f.Payload
}

// Frame reads a frame from b, which holds exactly that. Anything but a map that has an
// error or data is ErrMalformed, and names what it has: unknown fields are ignored
// elsewhere, but here nothing would be left and pass for an empty frame.
func (d *Decoder) Frame(b []byte, f *Frame) error {
	*f = Frame{}
	if err := d.pairs(b, "stream frame", f); err != nil {
		return err
	}
	if f.Error != nil || f.Data() != nil || hasData(b) {
		return nil
	}
	return fmt.Errorf("%w: a stream frame without an error, a Payload or an Event with Data; it has %s", ErrMalformed, named(b))
}

// hasData reports whether a frame has data that is nil, or an event that is nil or
// empty.
func hasData(b []byte) bool {
	for key, value := range Pairs(b) {
		switch string(key) {
		case "Payload":
			return true
		case "Event":
			pairs, _ := mapHead(value)
			for key := range Pairs(value) {
				if string(key) == "Data" {
					return true
				}
			}
			if pairs == 0 {
				return true
			}
		}
	}
	return false
}

// What is quoted of the names that a frame has.
const mostNames, longestName = 8, 40

// named are the names in a frame and in its event, as far as they are worth quoting.
func named(b []byte) string {
	var names []string
	n := 0
	add := func(prefix string, key []byte) {
		if n++; n <= mostNames {
			names = append(names, quoted(prefix, key))
		}
	}
	for key, value := range Pairs(b) {
		add("", key)
		if string(key) == "Event" {
			for inner := range Pairs(value) {
				add("Event.", inner)
			}
		}
	}
	switch {
	case n == 0:
		return "nothing"
	case n > mostNames:
		return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), n-mostNames)
	}
	return strings.Join(names, ", ")
}

func quoted(prefix string, name []byte) string {
	return printable.Quote(prefix+string(name), len(prefix)+longestName)
}
