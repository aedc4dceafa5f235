package pool_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/internal/poolhooks"
	"github.com/open-nomad/rpcproxy/pool"
)

// Whether this side's own code or yamux finds it, what a peer may not do is named to
// the calls that it ends, and to the observers of sessions that end.
func TestAViolationOfAPeerIsNamedAsTheSessionsEnd(t *testing.T) {
	const kindGoAway = 3
	opens := frameOf(kindWindow, synFlag, 2, 0, nil)
	for name, c := range map[string]struct {
		frames []byte
		reason string
	}{
		"it opens a stream of ours":              {frameOf(kindWindow, synFlag, 1, 0, nil), "stream 1"},
		"it opens a stream that will be ours":    {frameOf(kindData, synFlag, 3, 0, []byte{1}), "stream 3"},
		"it opens the session's stream":          {frameOf(kindWindow, synFlag, 0, 0, nil), "stream 0"},
		"it opens a stream twice":                {bytes.Repeat(opens, 2), "duplicate stream"},
		"it opens streams beyond measure, twice": {append(manyOpenings(), opens...), "duplicate stream"},
		"it sends more than may come":            {append(slices.Clone(opens), frameOf(kindData, 0, 2, 0, make([]byte, 300<<10))...), "window exceeded"},
		"it ends a stream twice":                 {append(slices.Clone(opens), bytes.Repeat(frameOf(kindWindow, finFlag, 2, 0, nil), 2)...), "unexpected flag"},
		"it says that we broke the protocol":     {frameOf(kindGoAway, 0, 0, 1, nil), "code 1, protocol error"},
		"it says that it is broken":              {frameOf(kindGoAway, 0, 0, 2, nil), "code 2, internal error"},
		"it leaves for an unknown reason":        {frameOf(kindGoAway, 0, 0, 77, nil), "code 77"},
	} {
		t.Run(name, func(t *testing.T) {
			down := make(chan error, 1)
			f, p := startFramePeer(t), newPool(t, pool.Config{}, poolhooks.Hooks{Down: func(_ string, err error) { down <- err }})
			waits := call(within(t), p, f.addr, "X.Y", nil)
			f.opened(1)
			f.request(1)
			f.says(c.frames)
			err := receive(t, "the call", waits).err
			lost(t, err, nil)
			for observer, err := range map[string]error{"the call": err, "the watcher": receive(t, "the session's end", down)} {
				if e := as[*pool.ProtocolError](t, err); e.Layer != "yamux" || !strings.Contains(e.Reason, c.reason) {
					t.Errorf("%s got %v, want %q", observer, err, c.reason)
				}
			}
		})
	}
}

// manyOpenings is more streams than wait to be accepted.
func manyOpenings() (b []byte) {
	for i := range uint32(300) {
		b = append(b, frameOf(kindWindow, synFlag, 2+2*i, 0, nil)...)
	}
	return b
}
