package wire_test

import (
	"errors"
	"reflect"
	"runtime"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// A long list gets its length at once, whether its type is one that must be looked at or not: if
// it grew, it would take more than twice as much on the way, which is not in the estimate.
func TestALongListIsMadeOnce(t *testing.T) {
	type tagged struct {
		Row
		Tags map[string]string
	}
	const n = 20_000
	b := listOf(n, 0x80)
	for _, v := range []any{new([]Row), new([]tagged)} {
		d := wire.NewDecoder()
		d.Bound(64<<20, n)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		noError(t, d.Body(b, v))
		runtime.ReadMemStats(&after)
		rows := reflect.ValueOf(v).Elem()
		size := uint64(n) * uint64(rows.Type().Elem().Size())
		if made := after.TotalAlloc - before.TotalAlloc; rows.Len() != n || made > size+size/4 {
			t.Errorf("%d bytes were made for %d rows of %d bytes together", made, rows.Len(), size)
		}
	}
}

// A reader that is charged for what it makes asks before each value, and makes none that it may not.
func TestAReaderThatIsChargedAsksFirst(t *testing.T) {
	d, no := wire.NewDecoder(), errors.New("no")
	var asked []uint64
	d.Charge(func(bytes uint64) error {
		if asked = append(asked, bytes); bytes > 1<<20 {
			return no
		}
		return nil
	})
	var rows []Row
	noError(t, d.Body(listOf(10, 0x80), &rows))
	if err := d.Body(listOf(100_000, 0x80), &rows); !errors.Is(err, no) || rows != nil {
		t.Error(err)
	}
	if exact, _ := wire.Weighed(listOf(100_000, 0x80), new([]Row)); len(asked) != 2 || asked[0] < 10<<10 || asked[1] != exact {
		t.Errorf("%d, not %d", asked, exact)
	}
	noError(t, d.Made(1<<20))
	if err := d.Made(2 << 20); !errors.Is(err, no) {
		t.Error(err)
	}
	noError(t, wire.NewDecoder().Made(2<<20))
}

// Where a value is small enough for its bound it is not looked at, and what the codec takes for a
// long list then is made no longer than the codec makes it by itself.
func TestWhatIsNotLookedAtIsNotMadeAtOnce(t *testing.T) {
	type mapped struct{ M map[string][]uint64 }
	const n = 1000
	b := listOf(n, append([]byte{0x81, 0xa1, 'M'}, "\xd3\xdd\x7f\xff\xff\xff\xdd\x7f\xff"...)...)
	d := wire.NewDecoder()
	d.Bound(64<<20, 2*n)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := d.Body(b, new([]mapped))
	runtime.ReadMemStats(&after)
	if _, looked := errors.AsType[*wire.KindError](err); err == nil || looked {
		t.Error(err)
	}
	if made := after.TotalAlloc - before.TotalAlloc; made > 8<<20 {
		t.Errorf("%d bytes", made)
	}
}
