package wire

import "math"

// weigher adds up what a value takes. It stops when that is too much, or where the value is
// not what its reader wants.
type weigher struct {
	b          []byte // the value
	at         int    // how much of it was passed over
	cost, most uint64
	err        error
}

// add counts bytes in.
func (w *weigher) add(n uint64) { w.cost = sum(w.cost, n) }

// over reports whether there is nothing more to learn.
func (w *weigher) over() bool { return w.cost > w.most || w.at >= len(w.b) }

// refuse ends it: found must not be read into one of p; nil: into nothing.
func (w *weigher) refuse(found string, p *plan) {
	into := ""
	if p != nil {
		into = p.into.String()
	}
	w.at, w.err = len(w.b), &KindError{Found: found, Into: into}
}

// value passes over the next value, which is decoded into one of p; nil: it is dropped.
func (w *weigher) value(p *plan) {
	if w.over() {
		return
	}
	first := w.b[w.at]
	switch { // what is there most often
	case first == codeNil, first < 0x80 && (p == nil || p.shape == flat): // nil, a small number
		w.at++
		return
	case first-0xa0 < 32 && p != nil && p.shape == chars: // a short text
		w.at += 1 + int(first-0xa0)
		w.cost += rounded(uint64(first - 0xa0))
		return
	}
	form, n, head := headOf(w.b[w.at:])
	if w.at += head; w.at > len(w.b) {
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
		n = min(n, uint64(len(w.b)-w.at))
		w.at += int(n)
		w.scalar(p, first, n)
	}
}

// codeNil is the msgpack nil.
const codeNil = 0xc0

// headOf reads the first bytes of an element, as a Scanner does: what it is, how many
// bytes or elements follow, and behind how many bytes.
func headOf(b []byte) (form kind, n uint64, head int) {
	f := forms[b[0]]
	if f.length == 0 {
		return f.kind, uint64(f.fixed), 1
	}
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
	if kind := forms[first].kind; kind == never || kind == extension && n <= 1 && (p == nil || p.into != extended) {
		w.refuse(found(first, n), p) // the codec takes what follows for the content of an empty extension
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
		in := p.begin()
		for ; n > 0 && !w.over(); n-- {
			w.field(&in)
		}
	case p.shape == dict, p.shape == anything:
		if p.shape == anything {
			p = anyMap
		}
		w.add(mapHeader)
		w.add(p.entries(n))
		for ; n > 0 && !w.over(); n-- {
			if p.key.shape == pointer && w.b[w.at] == codeNil {
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

// inRecord is a struct that is being passed over.
type inRecord struct {
	p      *plan
	likely [2]int // fields in p.order of which one likely follows
	begun  bool   // it has what it embeds by pointer
}

func (p *plan) begin() inRecord { return inRecord{p: p, likely: [2]int{0, p.least}} }

// field passes over one pair of a struct.
func (w *weigher) field(in *inRecord) {
	p := in.p
	name, rest, ok := text(w.b[w.at:])
	if !ok {
		_, n, _ := headOf(w.b[w.at:])
		w.refuse(found(w.b[w.at], n)+" as the name of a field", p)
		return
	}
	w.at = len(w.b) - len(rest)
	i, known := in.find(name)
	switch {
	case known:
		in.likely = [2]int{i + 1, p.order[i].after}
		w.of(in, &p.order[i])
	case p.elem != nil:
		w.add(rounded(uint64(len(name)))) // it keeps the name too
		w.value(p.elem)
	default:
		w.value(nil)
	}
}

// find finds a field by its name.
func (in *inRecord) find(name []byte) (i int, known bool) {
	for _, i := range in.likely {
		if i < len(in.p.order) && in.p.order[i].name == string(name) {
			return i, true
		}
	}
	i, known = in.p.fields[string(name)] // does not allocate
	return i, known
}

// of passes over the value of a field.
func (w *weigher) of(in *inRecord, f *field) {
	if f.apart && !in.begun {
		in.begun = true
		w.add(in.p.inside)
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
		w.each(p.elem, min(n, p.len))
		w.each(nil, n-min(n, p.len))
	case record:
		in := p.begin()
		for i := 0; n > 0 && !w.over(); i, n = i+1, n-1 {
			if i < len(p.order) {
				w.of(&in, &p.order[i])
			} else {
				w.value(nil)
			}
		}
	case own, selfmade:
		before := w.at
		w.each(nil, n)
		w.add(rounded(uint64(w.at - before)))
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
