package wire_test

import (
	"errors"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// big is an element of which a few are noticed.
type big struct {
	Name  string
	Bytes [2048]byte
}

// held has values of all kinds that have others inside.
type held struct {
	Map    map[string]big
	List   []big
	Struct big
	Array  [2]big
	PMap   *map[string]big
	PPMap  **map[string]big
	Lists  [][]big
	Maps   map[string]map[string]big
	ByPtr  map[*map[string]big]int
	Any    any
	*behind
	Behind
	Names []string
	Data  []byte
	Fixed [4]byte
	Word  string
	Size  int
	At    time.Time
	Queue chan int
}

// Behind is embedded by value.
type Behind struct{ Tags map[string][]big }

// behind is embedded by pointer, and passed over.
type behind struct{ Never map[string]big }

// scalars are values without others inside, by each form that msgpack has for them.
var scalars = map[string]string{
	"0": "\x00", "5": "\x05", "127": "\x7f", "-1": "\xff", "-32": "\xe0",
	"uint8": "\xcc\xdd", "uint16": "\xcd\xdd\x7f", "uint32": "\xce\xdd\x7f\xff\xff", "uint64": "\xcf\xdd\x7f\xff\xff\xff\xdd\x7f\xff",
	"int8": "\xd0\xdf", "int16": "\xd1\xdf\x7f", "int32": "\xd2\xdf\x7f\xff\xff", "int64": "\xd3\xdd\x7f\xff\xff\xff\xdd\x7f\xff",
	"float32": "\xca\xdd\x7f\xff\xff", "float64": "\xcb\xdd\x7f\xff\xff\xff\xdd\x7f\xff", "false": "\xc2", "true": "\xc3",
	"fixstr": "\xa5\xdd\x7f\xff\xff\xff", "str8": "\xd9\x05\xdd\x7f\xff\xff\xff", "str16": "\xda\x00\x05\xdd\x7f\xff\xff\xff", "str32": "\xdb\x00\x00\x00\x05\xdd\x7f\xff\xff\xff",
	"bin8": "\xc4\x05\xdd\x7f\xff\xff\xff", "bin16": "\xc5\x00\x05\xdd\x7f\xff\xff\xff", "bin32": "\xc6\x00\x00\x00\x05\xdd\x7f\xff\xff\xff", "no text": "\xa0",
	"fixext1": "\xd4\x05\xdd", "fixext2": "\xd5\x05\xdd\x7f", "fixext4": "\xd6\x05\xdd\x7f\xff\xff", "fixext8": "\xd7\x05\xdd\x7f\xff\xff\xff\xdd\x7f\xff",
	"fixext16": "\xd8\x05" + strings.Repeat("\xdd\x7f\xff\xff", 4), "ext8": "\xc7\x05\x05\xdd\x7f\xff\xff\xff",
	"ext16": "\xc8\x00\x05\x05\xdd\x7f\xff\xff\xff", "ext32": "\xc9\x00\x00\x00\x05\x05\xdd\x7f\xff\xff\xff", "a time": "\xd6\xff\xdd\x7f\xff\xff",
	"ext8 of nothing": "\xc7\x00\x05", "ext16 of nothing": "\xc8\x00\x00\x05", "ext32 of nothing": "\xc9\x00\x00\x00\x00\x05",
}

// pair is a map of one pair.
func pair(key, value string) string { return "\x81" + text(key) + value }

// text is a short string in msgpack.
func text(s string) string { return string([]byte{0xa0 | byte(len(s))}) + s }

// strict is a decoder that looks at each value first.
func strict() *wire.Decoder {
	d := wire.NewDecoder()
	d.Charge(func(uint64) error { return nil })
	return d
}

// A scalar is refused wherever a reader wants a map, a list or a struct, before anything is made.
func TestAScalarWhereOthersAreInsideIsRefused(t *testing.T) {
	places := map[string]struct {
		put  func(v string) string
		into func() any
		text bool // is a text good there
	}{
		"map":                    {func(v string) string { return v }, func() any { return new(map[string]big) }, false},
		"list":                   {func(v string) string { return v }, func() any { return new([]big) }, false},
		"struct":                 {func(v string) string { return v }, func() any { return new(big) }, false},
		"array":                  {func(v string) string { return v }, func() any { return new([3]big) }, false},
		"pointer":                {func(v string) string { return v }, func() any { return new(**map[string]big) }, false},
		"bytes":                  {func(v string) string { return v }, func() any { return new([]byte) }, true},
		"bytes of a fixed size":  {func(v string) string { return v }, func() any { return new([40]byte) }, true},
		"bools":                  {func(v string) string { return v }, func() any { return new([]bool) }, false},
		"field: map":             {func(v string) string { return pair("Map", v) }, nil, false},
		"field: list":            {func(v string) string { return pair("List", v) }, nil, false},
		"field: struct":          {func(v string) string { return pair("Struct", v) }, nil, false},
		"field: array":           {func(v string) string { return pair("Array", v) }, nil, false},
		"field: pointer":         {func(v string) string { return pair("PMap", v) }, nil, false},
		"field: pointer twice":   {func(v string) string { return pair("PPMap", v) }, nil, false},
		"field: embedded":        {func(v string) string { return pair("Tags", v) }, nil, false},
		"in a field: embedded":   {func(v string) string { return pair("Tags", pair("a", v)) }, nil, false},
		"in a list":              {func(v string) string { return pair("List", "\x93\xc0"+v+"\xc0") }, nil, false},
		"in a list of lists":     {func(v string) string { return pair("Lists", "\x91"+v) }, nil, false},
		"deep in lists":          {func(v string) string { return pair("Lists", "\x91\x91"+v) }, nil, false},
		"in a map of maps":       {func(v string) string { return pair("Maps", pair("a", v)) }, nil, false},
		"deep in maps":           {func(v string) string { return pair("Maps", pair("a", pair("b", v))) }, nil, false},
		"in an array":            {func(v string) string { return pair("Array", "\x91"+v) }, nil, false},
		"a map made into a list": {func(v string) string { return pair("List", "\x81\xc0"+v) }, nil, false},
		"a list for the struct":  {func(v string) string { return "\x92\xc0" + v }, nil, false},
		"first in such a list":   {func(v string) string { return "\x91" + v }, nil, false},
		"behind a good field":    {func(v string) string { return "\x82" + text("Word") + text("a") + text("Map") + v }, nil, false},
		"the second of its name": {func(v string) string { return "\x82" + text("Map") + "\x80" + text("Map") + v }, nil, false},
		"a pointer as a key":     {func(v string) string { return pair("ByPtr", "\x81"+v+"\x05") }, nil, false},
	}
	for place, c := range places {
		into := c.into
		if into == nil {
			into = func() any { return new(held) }
		}
		for name, v := range scalars {
			b := []byte(c.put(v))
			noError(t, wire.Whole(b))
			err := strict().Body(b, into())
			if isText := strings.Contains(name, "str") || strings.Contains(name, "bin") || name == "no text"; isText && c.text {
				noError(t, err)
				continue
			}
			if kind, is := errors.AsType[*wire.KindError](err); !is || kind.Found == "" || kind.Into == "" {
				t.Errorf("%s, %s: %v", place, name, err)
			}
		}
		if place == "a pointer as a key" {
			continue
		}
		got := into()
		if err := strict().Body([]byte(c.put("\xc0")), got); err != nil {
			t.Errorf("%s, nil: %v", place, err)
		}
	}
}

// Whatever stands where it should not, it takes no memory to speak of, however often it does, and
// whether each value is looked at first or only those that are large.
func TestNothingIsMadeOfWhatIsOfAnotherKind(t *testing.T) {
	good := pair("List", "\x91\x80")
	for name, v := range scalars {
		for place, one := range map[string]string{
			"map": pair("Map", v), "maps": pair("Maps", pair("a", v)), "embedded": pair("Tags", v), "pointer": pair("PMap", v), "list": pair("Lists", "\x91"+v), "key": pair("ByPtr", "\x81"+v+"\x05"),
		} {
			const n = 3000 // more than 4 KiB, and than a list of the codec's own choice
			b := "\xdd\x00\x00" + string([]byte{n >> 8, n & 0xff}) + strings.Repeat(good, n/3) + strings.Repeat(one, n-n/3)
			noError(t, wire.Whole([]byte(b)))
			for _, d := range []*wire.Decoder{wire.NewDecoder(), strict()} {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				var all []held
				err := d.Body([]byte(b), &all)
				runtime.ReadMemStats(&after)
				if err == nil {
					t.Errorf("%s, %s: taken", name, place)
				}
				if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
					t.Errorf("%s, %s: %d bytes", name, place, took)
				}
			}
		}
	}
}

// A list is no map, and a number is no name of a field, though the codec can be made to think so.
func TestAListIsNoMapAndNoName(t *testing.T) {
	for name, c := range map[string]struct{ b, found string }{
		"a list for a map":                 {pair("Map", "\x90"), "a list"},
		"a list of pairs for a map":        {pair("Map", "\x92\xa1a\x80"), "a list"},
		"a long list for a map":            {pair("Map", "\xdc\x00\x02\xc0\xc0"), "a list"},
		"a longer one":                     {pair("Maps", pair("a", "\xdd\x00\x00\x00\x01\xc0")), "a list"},
		"a list for a pointer to a map":    {pair("PMap", "\x91\xc0"), "a list"},
		"a list for an embedded map":       {pair("Tags", "\x91\xc0"), "a list"},
		"nil for a key that is a pointer":  {pair("ByPtr", "\x81\xc0\x05"), "nil as a key"},
		"numbers as a name":                {"\x81\x93\x4d\x61\x70\x80", "a list as the name of a field"},
		"a number as a name":               {"\x81\x05\x80", "a number as the name of a field"},
		"a map as a name":                  {"\x81\x80\x80", "a map as the name of a field"},
		"nil as a name":                    {"\x81\xc0\x80", "nil as the name of a field"},
		"a boolean as a name":              {"\x81\xc3\x80", "a boolean as the name of a field"},
		"an extension as a name":           {"\x81\xd4\x05\x05\x80", "an extension as the name of a field"},
		"an empty extension in an any":     {pair("Any", "\x92\xc7\x00\x05\x01"), "an extension without content"},
		"an empty extension, passed over":  {pair("Other", "\xc8\x00\x00\x05"), "an extension without content"},
		"an empty extension behind others": {"\xdc\x00\x16" + strings.Repeat("\xc0", 21) + "\xc9\x00\x00\x00\x00\x05", "an extension without content"},
		"a list for a channel":             {pair("Queue", "\x91\x05"), "a list"},
		"a text for a channel":             {pair("Queue", "\xa1a"), "a text"},
		"a map for a channel":              {pair("Queue", "\x80"), "a list"},
	} {
		err := wire.NewDecoder().Body([]byte(c.b), new(held)) // has a channel: there is a look at each
		if kind, is := errors.AsType[*wire.KindError](err); !is || kind.Found != c.found {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What servers send in more than one form is taken in each.
func TestWhatIsOfTheRightKindIsTaken(t *testing.T) {
	at := encoded(t, map[string]any{"At": time.Unix(1_700_000_000, 0).UTC()})
	for name, c := range map[string]struct {
		b    string
		want held
	}{
		"a text as bytes":          {pair("Data", "\xa2ab"), held{Data: []byte("ab")}},
		"bin as bytes":             {pair("Data", "\xc4\x02ab"), held{Data: []byte("ab")}},
		"numbers as bytes":         {pair("Data", "\x92\x61\x62"), held{Data: []byte("ab")}},
		"a text as a fixed size":   {pair("Fixed", "\xa2ab"), held{Fixed: [4]byte{'a', 'b'}}},
		"bin as a text":            {pair("Word", "\xc4\x02ab"), held{Word: "ab"}},
		"numbers as a text":        {pair("Word", "\x92\x61\x62"), held{Word: "ab"}},
		"a time":                   {string(at), held{At: time.Unix(1_700_000_000, 0).UTC()}},
		"a map made into a list":   {pair("Names", "\x81\xa1a\xa1b"), held{Names: []string{"a", "b"}}},
		"a name in another form":   {"\x81\xd9\x04Word\xa1a", held{Word: "a"}},
		"a name as bytes":          {"\x81\xc4\x04Word\xa1a", held{Word: "a"}},
		"an extension in an any":   {pair("Any", "\xd4\x05\x07"), held{Any: codec.RawExt{Tag: 5, Data: []byte{7}}}},
		"nothing for a channel":    {pair("Queue", "\xc0"), held{}},
		"a field that is unknown":  {"\x82\xa5Other\xd3\xdd\x7f\xff\xff\xff\xdd\x7f\xff\xa4Word\xa1a", held{Word: "a"}},
		"a map as a struct":        {pair("Struct", pair("Name", "\xa1a")), held{Struct: big{Name: "a"}}},
		"a list as a struct":       {pair("Struct", "\x91\xa1a"), held{Struct: big{Name: "a"}}},
		"more than an array has":   {pair("Array", "\x94\x80\x81\xa4Name\xa1a\x05\xa1b"), held{Array: [2]big{{}, {Name: "a"}}}},
		"an embedded map":          {pair("Tags", pair("a", "\xc0")), held{Behind: Behind{Tags: map[string][]big{"a": nil}}}},
		"the last of several":      {"\x82\xa4Word\xa1a\xa4Word\xa1b", held{Word: "b"}},
		"the last any of several":  {"\x82\xa3Any\x81\xa1a\x05\xa3Any\x05", held{Any: int64(5)}},
		"the last any, a new map":  {"\x82\xa3Any\x81\xa1a\x05\xa3Any\x81\xa1b\x06", held{Any: map[string]any{"b": int64(6)}}},
		"maps of the same name":    {"\x82\xa3Map\x81\xa1a\xc0\xa3Map\x81\xa1b\xc0", held{Map: map[string]big{"a": {}, "b": {}}}},
		"fields in order, and not": {"\x83\xa4Size\x05\xa4Word\xa1a\xa4Data\xa1b", held{Size: 5, Word: "a", Data: []byte("b")}},
	} {
		for _, d := range []*wire.Decoder{strict(), wire.NewDecoder()} {
			var got held
			if err := d.Body([]byte(c.b), &got); err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s: %+v, %v", name, got.Word, err)
			}
		}
	}
}
