package wire

import (
	"math"
	"reflect"
)

// What a value may take in memory once it is decoded: so many bytes for each byte that it
// may be large, and at least leastDecoded. Nomad's own replies take 1 to 5.
const (
	decodedBytes = 4
	leastDecoded = 16 << 20
	// decodedEach is how many bytes each byte of a value may become for whose reader no
	// Bound was set.
	decodedEach = 16
)

// Bound bounds what the values that Body reads from now on take in memory: their replies may
// have limit bytes. elements is how many a scanner has counted in the next one; 0: it is not
// known.
func (d *Decoder) Bound(limit int, elements uint64) {
	d.most, d.elements = max(decodedBytes*uint64(limit), leastDecoded), elements
}

// weigh reports why b must not be decoded into a value of type t; nil: it may. b is whole.
// The most that it could take is known at once, from what the type has inside; only where
// that is too much, or where the codec could take bytes for what they are not, b is looked
// through.
func (d *Decoder) weigh(b []byte, t reflect.Type) error {
	if d.of != t {
		d.of, d.plan = t, plans.Of(t)
	}
	most, elements := d.most, d.elements
	if most == 0 {
		most = max(decodedEach*uint64(len(b)), leastDecoded)
	}
	if elements == 0 {
		elements = uint64(len(b))
	}
	d.elements = 0
	if !d.plan.misled && sum(product(elements+1, d.plan.row), rounded(uint64(len(b)))) <= most {
		return nil
	}
	w := weigher{b: b, most: most}
	w.value(d.plan)
	switch {
	case w.err != nil:
		return w.err
	case w.cost > most:
		return &SizeError{Limit: int(most), Announced: w.cost, Decoded: true}
	}
	return nil
}

// weigher adds up what a value takes. It stops when that is too much, or where the value is
// not what its reader wants.
type weigher struct {
	b          []byte // the rest of the value
	cost, most uint64
	err        error
}

// add counts bytes in.
func (w *weigher) add(n uint64) { w.cost = sum(w.cost, n) }

// over reports whether there is nothing more to learn.
func (w *weigher) over() bool { return w.cost > w.most || len(w.b) == 0 }

// refuse ends it: found must not be read into one of p; nil: into nothing.
func (w *weigher) refuse(found string, p *plan) {
	into := ""
	if p != nil {
		into = p.into.String()
	}
	w.b, w.err = nil, &KindError{Found: found, Into: into}
}

// value passes over the next value, which is decoded into one of p; nil: it is dropped.
func (w *weigher) value(p *plan) {
	if w.over() {
		return
	}
	first := w.b[0]
	form, n, head := headOf(w.b)
	if head > len(w.b) {
		w.b = nil // not whole
		return
	}
	w.b = w.b[head:]
	if first == codeNil {
		return
	}
	for steps := 0; p != nil && p.shape == pointer; steps++ {
		w.add(rounded(p.elem.size))
		if p = p.elem; steps == MaxDepth {
			w.cost = math.MaxUint64 // it leads to itself
		}
		if w.cost > w.most {
			return
		}
	}
	switch form {
	case pairs:
		w.pairs(p, n)
	case array:
		w.list(p, n)
	default:
		n = min(n, uint64(len(w.b)))
		w.b = w.b[n:]
		w.scalar(p, first, n)
	}
}

// codeNil is the msgpack nil.
const codeNil = 0xc0

// headOf reads the first bytes of an element, as a Scanner does: what it is, how many
// bytes or elements follow, and behind how many bytes.
func headOf(b []byte) (form kind, n uint64, head int) {
	f := forms[b[0]]
	if head = 1 + int(f.length); head > len(b) {
		return never, 0, head
	}
	for _, c := range b[1:head] {
		n = n<<8 | uint64(c)
	}
	return f.kind, n + uint64(f.fixed), head
}

// scalar adds what an element of n bytes takes that has no others inside.
func (w *weigher) scalar(p *plan, first byte, n uint64) {
	if kind := forms[first].kind; kind == never || kind == extension && n <= 1 {
		w.refuse(found(first, n), p) // the codec takes what follows for the content of an empty one
		return
	}
	if p == nil {
		return
	}
	switch p.shape {
	case flat:
	case record, dict, closed:
		w.refuse(found(first, n), p)
	case list, arrays:
		if !p.octets || !isText(first) {
			w.refuse(found(first, n), p)
		} else if p.shape == list {
			w.add(rounded(n))
		}
	case anything:
		switch {
		case forms[first].kind == extension:
			w.add(sum(beginsAny, rounded(n)))
		case isText(first):
			w.add(sum(smallest, rounded(n)))
		default:
			w.add(smallest) // a number
		}
	case chars, own, selfmade, pointer:
		w.add(rounded(n))
	}
}

// isText reports whether an element that begins so is a string or bytes.
func isText(first byte) bool {
	return first >= 0xa0 && first <= 0xbf || first >= 0xc4 && first <= 0xc6 || first >= 0xd9 && first <= 0xdb
}

// pairs passes over a map of n pairs.
func (w *weigher) pairs(p *plan, n uint64) {
	switch {
	case p == nil:
		w.each(nil, 2*n)
	case p.shape == record:
		begun := false
		for ; n > 0 && !w.over(); n-- {
			w.field(p, &begun)
		}
	case p.shape == dict, p.shape == anything:
		if p.shape == anything {
			p = anyMap
		}
		w.add(mapHeader)
		w.add(p.entries(n))
		for ; n > 0 && !w.over(); n-- {
			if p.key.shape == pointer && w.b[0] == codeNil {
				w.refuse("nil as a key", p) // the codec reads on without an end where it leads to a map
				return
			}
			w.value(p.key)
			w.value(p.elem)
		}
	default:
		w.list(p, 2*n) // the codec makes lists of maps
	}
}

// field passes over one pair of a struct. begun is whether it has what it embeds by pointer.
func (w *weigher) field(p *plan, begun *bool) {
	name, rest, ok := text(w.b)
	if !ok {
		if w.b[0] != codeNil { // which is an empty name
			w.refuse(found(w.b[0], 1)+" as the name of a field", p)
			return
		}
		rest = w.b[1:]
	}
	w.b = rest
	f, known := p.fields[string(name)] // does not allocate
	if !known && p.elem != nil {
		f.plan = p.elem // it keeps the name too
		w.add(rounded(uint64(len(name))))
	}
	w.of(p, f, begun)
}

// of passes over the value of a field.
func (w *weigher) of(p *plan, f field, begun *bool) {
	if f.apart && !*begun {
		*begun = true
		w.add(p.inside)
	}
	w.value(f.plan)
}

// list passes over a list of n elements.
func (w *weigher) list(p *plan, n uint64) {
	if p == nil {
		w.each(nil, n)
		return
	}
	switch p.shape {
	case anything:
		w.add(beginsAny)
		w.add(product(n, anyValue.size))
		w.each(p, n)
	case list:
		w.add(rounded(product(n, p.elem.size)))
		w.each(p.elem, n)
	case arrays:
		w.each(p.elem, n)
	case record:
		begun := false
		for i := 0; n > 0 && !w.over(); i, n = i+1, n-1 {
			if i < len(p.order) {
				w.of(p, p.order[i], &begun)
			} else {
				w.value(nil)
			}
		}
	case own, selfmade:
		before := len(w.b)
		w.each(nil, n)
		w.add(rounded(uint64(before - len(w.b))))
	case chars:
		w.add(rounded(n)) // of numbers
		w.each(nil, n)
	case dict, closed:
		w.refuse("a list", p)
	case flat, pointer:
		w.each(nil, n) // an error of the codec
	}
}

// each passes over n values that are decoded into p.
func (w *weigher) each(p *plan, n uint64) {
	for ; n > 0 && !w.over(); n-- {
		w.value(p)
	}
}
