package agentfeed

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxState bounds the state of an agent, in bytes: 256 decisions have 1 MiB of text at most.
const maxState = 8 << 20

// event is one server-sent event.
type event struct {
	name string
	data []byte
}

// reader reads server-sent events (WHATWG HTML, 9.2), each of maxState bytes at most.
type reader struct{ in *bufio.Reader }

func newReader(r io.Reader) *reader { return &reader{bufio.NewReaderSize(r, 64<<10)} }

// errTooLong is that an event is too long.
var errTooLong = fmt.Errorf("it sends an event of more than %d bytes", maxState)

// next reads until an event with data is whole. io.EOF is the end of the stream; an event that
// has only begun there is none.
func (r *reader) next() (event, error) {
	e := event{name: "message"}
	var has bool
	total := 0
	for {
		line, err := r.line(maxState - total)
		if err != nil {
			return event{}, err
		}
		total += len(line)
		if len(line) == 0 {
			if has {
				return e, nil
			}
			e, total = event{name: "message"}, 0
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			e.name = string(value)
		case "data":
			if has {
				e.data = append(e.data, '\n')
			}
			e.data, has = append(e.data, value...), true
		case "", "id", "retry": // a comment begins with the colon
		default:
			return event{}, errors.New("it sends something else than events")
		}
	}
}

// line reads one line of at most so many bytes, without its end.
func (r *reader) line(most int) ([]byte, error) {
	var whole []byte
	for {
		part, err := r.in.ReadSlice('\n')
		if len(whole)+len(part) > most+2 {
			return nil, errTooLong
		}
		whole = append(whole, part...)
		switch {
		case err == nil:
			return bytes.TrimSuffix(whole[:len(whole)-1], []byte("\r")), nil
		case errors.Is(err, bufio.ErrBufferFull):
		default:
			return nil, err
		}
	}
}
