package wire_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"
)

// agentState has the fields of a Nomad client's structs in all their kinds.
type agentState struct {
	Base                        // its fields are this struct's
	*Times                      // they are, or nil
	part                        // exported fields of an unexported struct
	Ends        `codec:"Final"` // renamed, so a map of its own
	Level                       // no struct, so a field like any other
	*lost                       // the codec passes it over
	ID          string
	Signed      map[string]string `json:"-"` // travels all the same
	Dropped     string            `codec:"-" json:"Kept"`
	Renamed     string            `codec:"Other" json:"Third"`
	JSONOnly    string            `json:"json_only"`
	Both        int               `json:"-" codec:"Both2"`
	Order       int               `codec:"Sorted" json:"Order,omitempty"`
	Empty       string            `codec:",omitempty"`
	EmptyJSON   string            `json:",omitempty"`
	EmptyMap    map[string]int    `codec:"EmptyM,omitempty"`
	EmptyPtr    *Base             `codec:",omitempty"`
	Other3      string            `json:"Other"` // would take the name of another
	Flag        bool
	I8          int8
	I16         int16
	I32         int32
	I64         int64
	U8          uint8
	U16         uint16
	U32         uint32
	U64         uint64
	F32         float32
	F64         float64
	TTL         time.Duration `json:",string"`
	PTTL        *time.Duration
	At          time.Time
	PAt         *time.Time
	Ats         []time.Time
	ByTime      map[string]time.Time
	Secret      []byte
	PSecret     *[]byte
	Array       [3]byte
	Blob        Blob
	Word        Word
	Words       []Word
	PWord       *Word
	PPWord      **Word
	Nested      *agentState
	NestedValue Base `json:"nested_value"`
	List        []Base
	PList       []*Base
	ByName      map[string]*Base
	ByWord      map[Word][]string
	ByNumber    map[int]string
	Config      map[string]any
	Any         any
	Anys        []any
	Err         error `codec:"-"`
	Stringer    fmt.Stringer
	Callback    func()
	Sparse      sparse
	Codes       map[Word]map[string]int64
	hidden      string
}

// Base is embedded by value and is a field of its own.
type Base struct {
	Region    string
	Namespace string `json:"ns"`
	Index     uint64 `codec:"ModifyIndex" json:"index"`
	Secret    string `json:"-"` // hidden by agentState's where embedded
	Old       string `codec:"-"`
}

// Times is embedded by pointer.
type Times struct {
	Created time.Time
	Expires *time.Time `codec:",omitempty" json:"-"`
	Wait    time.Duration
}

// Ends is embedded under a name.
type Ends struct{ Code, Signal int }

type part struct {
	Promoted string `json:"-"`
	below    int
}

type lost struct{ Never string }

// sparse leaves out whatever is empty.
type sparse struct {
	_struct bool `codec:",omitempty"` //nolint:unused // the codec looks at its tag
	A       string
	B       *int
	C       []string
}

type (
	// Level is a number by a name.
	Level int32
	// Blob is bytes by a name.
	Blob []byte
	// Word is a string by a name.
	Word string
)

func (w Word) String() string { return string(w) }

// source makes values by chance.
type source struct {
	*rand.Rand
	full  int // how many of a hundred variables that could be nil or empty are not
	pairs int // that a map has at most: with more than one its bytes have no fixed order
}

// some decides whether there is something.
func (s *source) some() bool { return s.IntN(100) < s.full }

// number has any of the lengths that a number has in msgpack.
func (s *source) number() uint64 { return s.Uint64() >> (s.IntN(9) * 8) }

func (s *source) text() string {
	n := s.IntN(40)
	if s.IntN(50) == 0 {
		n = 1 << (8 + s.IntN(9)) // the forms of 16 and 32 bits
	}
	return strings.Repeat("text and", n/8+1)[:n]
}

func (s *source) time() time.Time {
	return time.Unix(int64(s.number()%(1<<40)), s.Int64N(1e9)).In(time.FixedZone("", 60*s.IntN(200)))
}

// fill sets v, an addressable variable, to what the bytes say.
func (s *source) fill(v reflect.Value, depth int) {
	if depth == 0 || !v.CanSet() {
		return
	}
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(s.time()))
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(s.some())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(s.number()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(s.number())
	case reflect.Float32, reflect.Float64:
		v.SetFloat(math.Float64frombits(s.number()))
	case reflect.String:
		if s.some() {
			v.SetString(s.text())
		}
	case reflect.Pointer:
		if s.some() {
			v.Set(reflect.New(v.Type().Elem()))
			s.fill(v.Elem(), depth-1)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if s.some() {
				v.SetBytes([]byte(s.text()))
			}
			return
		}
		if s.some() {
			n := s.IntN(4)
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			s.fill(v.Index(i), depth-1)
		}
	case reflect.Array:
		for i := range v.Len() {
			s.fill(v.Index(i), depth-1)
		}
	case reflect.Map:
		if s.some() {
			v.Set(reflect.MakeMap(v.Type()))
			for range s.IntN(s.pairs + 1) {
				key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
				s.fill(key, depth-1)
				s.fill(value, depth-1)
				v.SetMapIndex(key, value)
			}
		}
	case reflect.Interface:
		if v.NumMethod() == 0 {
			if x := s.any(depth - 1); x != nil {
				v.Set(reflect.ValueOf(x))
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			s.fill(v.Field(i), depth-1)
		}
		if p := v.Addr().Interface(); depth > 1 {
			if a, ok := p.(*agentState); ok {
				s.fill(reflect.ValueOf(&a.Promoted).Elem(), depth-1)
				a.hidden, a.below = "not sent", 7
			}
		}
	}
}

// any is a value of whatever type.
func (s *source) any(depth int) any {
	var to any
	switch s.IntN(12) {
	case 0:
		return nil
	case 1:
		to = new(bool)
	case 2:
		to = new(int64)
	case 3:
		to = new(uint64)
	case 4:
		to = new(string)
	case 5:
		to = new([]byte)
	case 6:
		to = new(float64)
	case 7:
		to = new(map[string]any)
	case 8:
		to = new([]any)
	case 9:
		to = new(Base)
	case 10:
		to = new(Word)
	default:
		to = new(time.Time)
	}
	s.fill(reflect.ValueOf(to).Elem(), depth)
	return reflect.ValueOf(to).Elem().Interface()
}

// stateOf is the value that a seed stands for.
func stateOf(seed uint64, full, pairs int) *agentState {
	s, a := &source{rand.New(rand.NewPCG(seed, 0)), full, pairs}, new(agentState)
	s.fill(reflect.ValueOf(a).Elem(), 6)
	return a
}
