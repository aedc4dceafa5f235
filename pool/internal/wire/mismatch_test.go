package wire_test

import (
	"runtime"
	"testing"

	"github.com/open-nomad/rpcproxy/pool/internal/wire"
)

// The codec may read a value of another kind than the caller's type as the head of a list: a
// number that is read into a map, for one. A length that it finds there takes no memory.
func TestAValueOfAnotherKindTakesNoMemoryForALengthThatItSeemsToHave(t *testing.T) {
	type large struct{ Bytes [2048]byte }
	var worst uint64
	for _, head := range []string{"\xd3", "\xcf", "\xcb", "\xca", "\xd2", "\xce", "\xd1", "\xcd", "\xd7\x05", "\xd6\x05", "\xd8\x05", "\xc4\x08", "\xa8", "\xd9\x08"} {
		for _, announced := range []string{"\xdd\x7f\xff\xff\xff", "\xdf\x7f\xff\xff\xff", "\xdd\xb3\xc4\x45\x61", "\xdb\x7f\xff\xff\xff", "\xc6\x7f\xff\xff\xff", "\xdc\xff\xff\xdd\x7f", "\xc9\x7f\xff\xff\xff"} {
			value := []byte(head + announced + "aaaaaaaaaaaaaaaaaaaa")
			for n := range value { // the whole value, wherever it ends
				if wire.Whole(value[:n]) != nil {
					continue
				}
				for _, into := range append(targets(), new([]large), new(map[string]large), new([][]large), new(map[string][]large)) {
					var before, after runtime.MemStats
					runtime.ReadMemStats(&before)
					_ = wire.NewDecoder().Body(value[:n], into)
					runtime.ReadMemStats(&after)
					took := after.TotalAlloc - before.TotalAlloc
					if worst = max(worst, took); took > 32<<20 {
						t.Fatalf("% x into %T takes %d bytes", value[:n], into, took)
					}
				}
			}
		}
	}
	t.Logf("%d bytes at most", worst)
}
