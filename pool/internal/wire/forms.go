package wire

// kind tells what follows the first byte of a msgpack element.
type kind uint8

const (
	never     kind = iota // not a msgpack byte
	bytes                 // so many bytes
	extension             // so many bytes, of a type that the protocol does not use
	array                 // so many elements
	pairs                 // so many keys with a value each
)

// form is how an element with a given first byte goes on: length bytes hold a
// count, to which fixed is added.
type form struct {
	kind   kind
	length uint8
	fixed  uint8
}

// forms has an entry for every first byte.
var forms = func() (t [256]form) {
	span := func(from, to int, f form) {
		for b := from; b <= to; b++ {
			t[b] = f
		}
	}
	span(0x00, 0x7f, form{kind: bytes}) // small positive integers
	span(0xe0, 0xff, form{kind: bytes}) // small negative integers
	for b := range 16 {
		t[0x80|b] = form{kind: pairs, fixed: uint8(b)}
		t[0x90|b] = form{kind: array, fixed: uint8(b)}
	}
	for b := range 32 {
		t[0xa0|b] = form{kind: bytes, fixed: uint8(b)}
	}
	t[0xc0] = form{kind: bytes} // nil
	span(0xc2, 0xc3, form{kind: bytes})
	for i, length := range []uint8{1, 2, 4} {
		t[0xc4+i] = form{kind: bytes, length: length}               // bin
		t[0xc7+i] = form{kind: extension, length: length, fixed: 1} // ext
		t[0xd9+i] = form{kind: bytes, length: length}               // str
	}
	t[0xca], t[0xcb] = form{kind: bytes, fixed: 4}, form{kind: bytes, fixed: 8} // floats
	for i, size := range []uint8{1, 2, 4, 8} {
		t[0xcc+i] = form{kind: bytes, fixed: size} // uint
		t[0xd0+i] = form{kind: bytes, fixed: size} // int
	}
	for i, size := range []uint8{1, 2, 4, 8, 16} {
		t[0xd4+i] = form{kind: extension, fixed: 1 + size} // fixext
	}
	t[0xdc], t[0xdd] = form{kind: array, length: 2}, form{kind: array, length: 4}
	t[0xde], t[0xdf] = form{kind: pairs, length: 2}, form{kind: pairs, length: 4}
	return t
}()

// quick is how many bytes an element with a given first byte has in all, 0 where that byte does not say
// it, or where others follow in it.
var quick = func() (t [256]uint8) {
	for b, f := range forms {
		if f.kind == bytes && f.length == 0 {
			t[b] = 1 + f.fixed
		}
	}
	return t
}()
