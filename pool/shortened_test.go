package pool_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/open-nomad/rpcproxy/pool"
)

// Held is embedded by pointer, so it has to be exported to be settable.
type Held struct{ MaxQueryTime time.Duration }

type heldThrough struct {
	NodeID string
	*Held
}

type held struct {
	MinQueryIndex uint64
	MaxQueryTime  time.Duration
}

type heldRenamed struct {
	NodeID       string
	Wait         time.Duration `codec:"MaxQueryTime"`
	MaxQueryTime time.Duration `codec:"Other"`
}

func TestAQueryIsShortenedInACopy(t *testing.T) {
	const left = 7 * time.Second
	wait, raw, short := time.Minute, packed(t, held{3, time.Minute}), packed(t, held{3, left})
	duration := left
	for name, c := range map[string]struct{ args, want any }{
		"struct":           {held{3, wait}, held{3, left}},
		"pointer":          {&held{3, wait}, &held{3, left}},
		"embedded":         {struct{ held }{held{3, wait}}, struct{ held }{held{3, left}}},
		"embedded pointer": {heldThrough{"n", &Held{wait}}, heldThrough{"n", &Held{left}}},
		"renamed":          {&heldRenamed{"n", wait, wait}, &heldRenamed{"n", left, wait}},
		"pointer field":    {struct{ MaxQueryTime *time.Duration }{&wait}, struct{ MaxQueryTime *time.Duration }{&duration}},
		"nil pointer":      {struct{ MaxQueryTime *time.Duration }{}, struct{ MaxQueryTime *time.Duration }{&duration}},
		"any field":        {struct{ MaxQueryTime any }{wait}, struct{ MaxQueryTime any }{int64(left)}},
		"unsigned":         {struct{ MaxQueryTime uint64 }{uint64(wait)}, struct{ MaxQueryTime uint64 }{uint64(left)}},
		"map":              {dict{"NodeID": "n", "MaxQueryTime": wait}, dict{"NodeID": "n", "MaxQueryTime": int64(left)}},
		"map without":      {dict{"MinQueryIndex": 7}, dict{"MinQueryIndex": 7, "MaxQueryTime": int64(left)}},
		"map of numbers":   {map[word]int64{"MaxQueryTime": 1}, map[word]int64{"MaxQueryTime": int64(left)}},
		"map by any":       {map[any]any{word("MaxQueryTime"): wait, 5: 6}, map[any]any{word("MaxQueryTime"): int64(left), 5: 6}},
		"raw":              {raw, short},
		"pointer to raw":   {&raw, short},
		"raw without":      {pool.Raw("\x81\xa1A\x01"), append(pool.Raw("\x82\xa1A\x01"), packed(t, held{0, left})[1:23]...)},
	} {
		before := pool.Fields(c.args)
		short, ok := pool.Shortened(c.args, left)
		if !ok {
			t.Errorf("%s: is left alone", name)
		} else if diff := cmp.Diff(c.want, short, cmp.AllowUnexported(struct{ held }{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if after := pool.Fields(c.args); after != before {
			t.Errorf("%s: the caller's arguments were changed from %+v to %+v", name, before, after)
		}
	}
}

func TestArgumentsWithoutATimeAreLeftAlone(t *testing.T) {
	for _, args := range []any{
		nil, 7, "x",
		struct{ NodeID string }{"n"},
		struct{ MaxQueryTime string }{"x"},
		struct{ MaxQueryTime int32 }{1},
		struct {
			MaxQueryTime time.Duration `codec:"-"`
		}{1},
		heldThrough{},
		(*held)(nil), dict(nil),
		map[string]string{"MaxQueryTime": "x"},
		map[int]int{1: 1},
		map[word]int64(nil),
		pool.Raw(nil), (*pool.Raw)(nil),
		pool.Raw{0x91, 1},
		pool.Raw{0x81, 0xa1},
		pool.Raw{0x80, 0x80},
	} {
		if short, ok := pool.Shortened(args, time.Second); ok {
			t.Errorf("%#v became %#v", args, short)
		}
	}
}
