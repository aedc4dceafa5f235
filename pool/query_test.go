package pool_test

import (
	"testing"
	"time"

	"github.com/hashicorp/go-msgpack/v2/codec"

	"github.com/open-nomad/rpcproxy/pool"
)

// plain is the codec with the settings of Nomad's servers.
var plain = func() *codec.MsgpackHandle {
	h := &codec.MsgpackHandle{}
	h.RawToString, h.TimeNotBuiltin = true, true
	h.TypeInfos = codec.NewTypeInfos([]string{"codec"})
	return h
}()

// packed is v as its msgpack bytes.
func packed(tb testing.TB, v any) pool.Raw {
	tb.Helper()
	var b []byte
	noError(tb, codec.NewEncoderBytes(&b, plain).Encode(v))
	return b
}

type (
	word    string
	count   uint32
	renamed struct {
		Index uint64        `codec:"MinQueryIndex" json:"i"`
		Wait  time.Duration `codec:"MaxQueryTime"`
	}
	takenName struct {
		MinQueryIndex uint64 `codec:"Other"` // what travels under the name is another field
		MaxQueryTime  string `codec:"-"`
		Real          count  `codec:"MinQueryIndex"`
	}
	jsonTagged struct {
		MinQueryIndex uint64        `json:"-"`
		MaxQueryTime  time.Duration `json:"wait"`
	}
	byPointers struct {
		MinQueryIndex *uint64
		MaxQueryTime  any
	}
	writes struct {
		Region           string
		IdempotencyToken string
		Internal
	}
	// Internal is embedded by each request.
	Internal struct{ Forwarded bool }
	inner    struct {
		renamed
		Internal
	}
)

func TestTheQueryFieldsOfARequestAreThoseThatTravel(t *testing.T) {
	index, wait := uint64(7), time.Minute
	query := pool.RequestFields{Query: true, MinQueryIndex: 7, MaxQueryTime: time.Minute}
	internal := query
	internal.Forwarded = true
	raw := packed(t, renamed{7, wait})
	for _, c := range []struct {
		args any
		want pool.RequestFields
	}{
		{nil, pool.RequestFields{}},
		{renamed{7, wait}, query},
		{&renamed{7, wait}, query},
		{struct{ renamed }{renamed{7, wait}}, query},
		{inner{renamed{7, wait}, Internal{}}, internal},
		{takenName{1, "x", 7}, pool.RequestFields{Query: true, MinQueryIndex: 7}},
		{takenName{MinQueryIndex: 1}, pool.RequestFields{Query: true}},
		{jsonTagged{7, wait}, query},
		{byPointers{&index, &wait}, query},
		{byPointers{}, pool.RequestFields{Query: true}},
		{writes{}, pool.RequestFields{Write: true, Forwarded: true}},
		{&writes{IdempotencyToken: "t"}, pool.RequestFields{Write: true, IdempotencyToken: true, Forwarded: true}},
		{dict{"MinQueryIndex": 7, "MaxQueryTime": wait}, query},
		{struct {
			Where word `codec:"Region"`
			On    any  `codec:"ServerID"`
		}{"mars", "leader"}, pool.RequestFields{Region: "mars", ServerID: "leader"}},
		{map[word]any{"Region": word("mars"), "ServerID": 7}, pool.RequestFields{Region: "mars"}},
		{dict{"MinQueryIndex": nil, "IdempotencyToken": "t"}, pool.RequestFields{Query: true, Write: true, IdempotencyToken: true}},
		{dict{"IdempotencyToken": word("t"), "Forwarded": true}, pool.RequestFields{Write: true, IdempotencyToken: true, Forwarded: true}},
		{dict{"minqueryindex": 7, "QueryOptions": dict{"MinQueryIndex": 7}}, pool.RequestFields{}},
		{map[string]uint64{"MinQueryIndex": 7}, pool.RequestFields{Query: true, MinQueryIndex: 7}},
		{map[word]int64{"MinQueryIndex": 7, "MaxQueryTime": int64(wait)}, query},
		{map[any]any{"MinQueryIndex": 7, word("MaxQueryTime"): wait, 5: 6}, query},
		{&map[any]any{"MinQueryIndex": -7}, pool.RequestFields{Query: true}},
		{map[int]int{7: 7}, pool.RequestFields{}},
		{[]string{"MinQueryIndex"}, pool.RequestFields{}},
		{[]byte(raw), pool.RequestFields{}},
		{pool.Raw(nil), pool.RequestFields{}},
		{(*pool.Raw)(nil), pool.RequestFields{}},
		{raw, query},
		{&raw, query},
		{raw[:len(raw)-1], pool.RequestFields{MaxQueryTime: time.Minute}}, // the index comes last, and is cut
		{packed(t, dict{"MinQueryIndex": 7, "MaxQueryTime": wait, "Other": dict{"MinQueryIndex": 8}}), query},
		{packed(t, dict{"MinQueryIndex": "7", "MaxQueryTime": -1}), pool.RequestFields{Query: true}},
		{packed(t, writes{IdempotencyToken: "t"}), pool.RequestFields{Write: true, IdempotencyToken: true, Forwarded: true}},
		{packed(t, []any{"MinQueryIndex", 7}), pool.RequestFields{}},
		{pool.Raw("\x82\xadMinQueryIndex\x01\xc4\x0dMinQueryIndex\xcc\xff"), pool.RequestFields{Query: true, MinQueryIndex: 255}}, // the last one counts
	} {
		if got := pool.Fields(c.args); got != c.want {
			t.Errorf("%T %#v: %+v, want %+v", c.args, c.args, got, c.want)
		}
		switch c.args.(type) {
		case pool.Raw, *pool.Raw:
			continue
		}
		// What travels tells the same.
		if got := pool.Fields(packed(t, c.args)); got != c.want {
			t.Errorf("the bytes of %T %#v: %+v, want %+v", c.args, c.args, got, c.want)
		}
	}
}

func TestToReadTheQueryFieldsAllocatesNothing(t *testing.T) {
	for name, args := range map[string]any{
		"struct": &inner{}, "map": dict{"MinQueryIndex": uint64(7)}, "raw": packed(t, inner{}), "other": map[string]string{"a": "b"},
	} {
		if n := testing.AllocsPerRun(1000, func() { pool.Fields(args) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
