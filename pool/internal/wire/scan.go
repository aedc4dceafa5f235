package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxDepth is how deep a reply may nest.
const MaxDepth = 128

// A reply may have one element for each elementBytes it may be large, and at least
// minElements. A byte can announce an element, and one takes from 16 bytes of
// memory to whatever a row of the caller's type does: the bytes alone bound
// nothing. Nomad's own replies take 7 bytes an element (a list of numbers by name)
// to 30, and those that have so many are of the large ones.
const (
	elementBytes = 16
	minElements  = 64 << 10
)

// ErrMalformed is under every error of a Scanner and a Decoder that means that
// the bytes are not what the protocol allows.
var ErrMalformed = errors.New("malformed msgpack")

// SizeError reports that a reply or a request is, or announces to be, larger than the limit, or
// that it would be in memory.
type SizeError struct {
	Limit     int    // bytes, or elements, allowed for header and body together
	Announced uint64 // how many it would need at least
	Elements  bool   // they are elements: of lists, and keys and values of maps
	Decoded   bool   // they are bytes of memory that the reader's value would take
	Request   bool   // it is a request of the peer
}

func (e *SizeError) Error() string {
	whole, what := "reply", "bytes"
	if e.Request {
		whole = "request"
	}
	switch {
	case e.Decoded && e.Request:
		return fmt.Sprintf("request would take at least %d bytes of memory once it is decoded, over the limit of %d: "+
			"read it into a type with smaller elements", e.Announced, e.Limit)
	case e.Decoded:
		return fmt.Sprintf("reply would take at least %d bytes of memory once it is decoded, over the limit of %d: "+
			"raise Config.MaxReplyBytes, or read it into a type with smaller elements", e.Announced, e.Limit)
	case e.Elements:
		what = "elements"
	}
	return fmt.Sprintf("%s of at least %d %s is over the limit of %d", whole, e.Announced, what, e.Limit)
}

// Scanner finds the end of msgpack values in a growing buffer. It is resumed
// with the same buffer after more bytes were appended, and allocates nothing.
type Scanner struct {
	limit    int    // bytes
	elements uint64 // announced so far
	extended bool   // there was an extension
	pos      int    // first byte not yet understood
	skip     uint64 // bytes of a string to pass over before the next element
	depth    int
	left     [MaxDepth]uint64 // elements missing in each open container
}

// Reset starts over at from in a new buffer, allowing limit bytes in all, and one
// element for each 16 of them, or 65,536 if that is more.
func (s *Scanner) Reset(from, limit int) {
	s.pos, s.limit, s.skip, s.depth = from, limit, 0, 0
	s.elements, s.extended = 0, false
}

// Elements is how many elements the lists and maps since Reset have, or announce.
func (s *Scanner) Elements() uint64 { return s.elements }

// Extended reports whether there was an extension since Reset.
func (s *Scanner) Extended() bool { return s.extended }

// Value advances over one value of buf and returns where it ends. ok is false if
// more bytes are needed: call it again when they are there. The errors are
// *SizeError and ErrMalformed.
func (s *Scanner) Value(buf []byte) (end int, ok bool, err error) {
	for {
		if s.skip > 0 {
			n := min(s.skip, uint64(len(buf)-s.pos))
			s.pos += int(n)
			if s.skip -= n; s.skip > 0 {
				return 0, false, nil
			}
		} else {
			s.pass(buf)
			if ok, err = s.element(buf[s.pos:]); !ok || err != nil {
				return 0, false, err
			}
			if s.skip > 0 {
				continue
			}
		}
		if s.closed() {
			return s.pos, true, nil
		}
	}
}

// pass passes over elements in the innermost container that need no more than a look at their first
// byte, which are most; not over its last one, which ends it.
func (s *Scanner) pass(buf []byte) {
	if s.depth == 0 {
		return
	}
	b := buf[:min(len(buf), s.limit)]
	pos, left := s.pos, s.left[s.depth-1]
	for left > 1 && pos < len(b) {
		n := int(quick[b[pos]])
		if n == 0 || n > len(b)-pos {
			break
		}
		pos += n
		left--
	}
	s.pos, s.left[s.depth-1] = pos, left
}

// closed counts a finished element and every container it finishes; it is true
// when the outermost value is complete. An opened container is not finished: it
// counts when its last element does.
func (s *Scanner) closed() bool {
	for s.depth > 0 {
		top := &s.left[s.depth-1]
		if *top > 0 {
			*top--
		}
		if *top > 0 {
			return false
		}
		s.depth--
	}
	return true
}

// element reads the first bytes of one element: its type, and its length if it
// has one. It opens containers and sets skip for strings.
func (s *Scanner) element(b []byte) (ok bool, err error) {
	if len(b) == 0 {
		return false, nil
	}
	form := forms[b[0]]
	head := 1 + int(form.length)
	if len(b) < head {
		return false, nil
	}
	n := uint64(form.fixed)
	switch form.length {
	case 1:
		n += uint64(b[1])
	case 2:
		n += uint64(binary.BigEndian.Uint16(b[1:]))
	case 4:
		n += uint64(binary.BigEndian.Uint32(b[1:]))
	}
	switch form.kind {
	case never:
		return false, fmt.Errorf("%w: byte 0x%02x at offset %d", ErrMalformed, b[0], s.pos)
	case array:
		return true, s.open(head, n)
	case pairs:
		return true, s.open(head, 2*n)
	case extension:
		s.extended = true
		fallthrough
	default:
		s.pos += head
		s.skip = n
		return true, s.fits(n)
	}
}

// open enters a container of n elements. An empty one is a finished element.
func (s *Scanner) open(head int, n uint64) error {
	s.pos += head
	if err := s.fits(n); err != nil {
		return err
	}
	if err := s.counts(n); err != nil {
		return err
	}
	if s.depth == MaxDepth {
		return fmt.Errorf("%w: nested deeper than %d at offset %d", ErrMalformed, MaxDepth, s.pos)
	}
	// One more than it holds: closed counts the container's own head first.
	s.left[s.depth] = n + 1
	s.depth++
	return nil
}

// fits refuses what cannot be within the limit: each announced element or byte
// needs at least one byte.
func (s *Scanner) fits(n uint64) error {
	if need := uint64(s.pos) + n; need > uint64(s.limit) {
		return &SizeError{Limit: s.limit, Announced: need}
	}
	return nil
}

// counts refuses more elements than may be: as announced, so before any of them is
// there.
func (s *Scanner) counts(n uint64) error {
	s.elements += n
	if limit := max(s.limit/elementBytes, minElements); s.elements > uint64(limit) {
		return &SizeError{Limit: limit, Announced: s.elements, Elements: true}
	}
	return nil
}
