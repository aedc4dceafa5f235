package wire

import "encoding/binary"

// The headers of replies have the same form in every call. They are read here without
// the codec, and to the same result; a header of another form is left to the codec.

// longestMethod is the longest name of a method that a Decoder remembers, in bytes.
const longestMethod = 256

// readHeader reads a header that has only known fields in common forms, and reports
// whether it is one.
func (d *Decoder) readHeader(b []byte, h *Header) bool {
	n := int(b[0]) - 0x80 // a map of up to 15
	if n < 0 || n > 15 {
		return false
	}
	b = b[1:]
	for range n {
		name, rest, ok := text(b)
		if !ok {
			return false
		}
		var value []byte
		switch string(name) { // does not allocate
		case "Error":
			if value, b, ok = text(rest); ok {
				h.Error = string(value)
			}
		case "ServiceMethod":
			if value, b, ok = text(rest); ok && len(value) > longestMethod {
				h.ServiceMethod = string(value) // d is kept with the stream, and would keep it
				continue
			} else if ok && string(value) != d.method {
				d.method = string(value) // allocates only for another method than the last
			}
			h.ServiceMethod = d.method
		case "Seq":
			h.Seq, b, ok = number(rest)
		default:
			return false
		}
		if !ok {
			return false
		}
	}
	return len(b) == 0
}

// text reads a string or bytes from the beginning of b.
func text(b []byte) (s, rest []byte, ok bool) {
	if len(b) == 0 {
		return nil, nil, false
	}
	head, n := 1, uint64(0)
	switch c := b[0]; {
	case c >= 0xa0 && c <= 0xbf:
		n = uint64(c & 0x1f)
	case c == 0xd9 || c == 0xc4:
		head = 2
	case c == 0xda || c == 0xc5:
		head = 3
	case c == 0xdb || c == 0xc6:
		head = 5
	default:
		return nil, nil, false
	}
	if len(b) < head {
		return nil, nil, false
	}
	switch head {
	case 2:
		n = uint64(b[1])
	case 3:
		n = uint64(binary.BigEndian.Uint16(b[1:]))
	case 5:
		n = uint64(binary.BigEndian.Uint32(b[1:]))
	}
	if b = b[head:]; n > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// number reads an unsigned integer from the beginning of b.
func number(b []byte) (n uint64, rest []byte, ok bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	form := forms[b[0]]
	switch c := b[0]; {
	case c <= 0x7f:
		return uint64(c), b[1:], true
	case c < 0xcc || c > 0xcf || len(b) < 1+int(form.fixed):
		return 0, nil, false
	}
	for _, c := range b[1 : 1+form.fixed] {
		n = n<<8 | uint64(c)
	}
	return n, b[1+form.fixed:], true
}
