package main

import (
	"time"
)

// many streams of the server's own: numbers 2, 4, ...
func opens(n int, first func(i int) []byte) func(*peer) {
	return func(p *peer) {
		for i := range n {
			if !p.begin(even(i), first(i)) {
				return
			}
		}
		p.stage.done()
	}
}

// fills opens n streams with a beginning, and then sends on all of them in turn as much
// as the windows let it, up to size bytes on each.
func fills(n int, beginning []byte, size int) func(*peer) {
	return func(p *peer) {
		opens(n, func(int) []byte { return beginning })(p)
		page := make([]byte, 64<<10)
		left := many(n, 1)
		sent := make([]int, n)
		for open, moved := n, true; open > 0; {
			if !moved && !p.stage.pause(5*time.Millisecond) {
				return
			}
			moved = false
			for i := range n {
				k := min(size-sent[i], int(p.window(even(i)).Load()), len(page))
				if left[i] == 0 || k <= 0 {
					continue
				}
				p.window(even(i)).Add(-int64(k))
				if !p.say(data(0, even(i), page[:k])) {
					return
				}
				moved = true
				if sent[i] += k; sent[i] >= size {
					left[i], open = 0, open-1
				}
			}
		}
	}
}

// reverseScenarios is calls and streams that the server opens.
func reverseScenarios() []scenario {
	body := func(method string, announced uint32) []byte { return join(call(method), announce(0xdb, announced)) }
	whole := func(method string, args []byte) []byte { return join(call(method), args) }
	const four = 4*mebi - 4096
	// MaxReverseBytes, the 4 KiB of each stream that do not count, and what yamux holds of streams that are not read
	const held = 64*mebi + 1024*4096
	list := []scenario{
		{name: "256 bodies of 4 MiB, not ended", short: true, lasts: 8 * time.Second, grants: held + 256*firstWindow, attack: script{up: fills(256, body("Back.Small", four), four-100)}.attack()},
		{name: "1,024 bodies of 4 MiB, not ended", short: true, lasts: 8 * time.Second, grants: held + 1024*firstWindow, attack: script{up: fills(1024, body("Back.Small", four), four-100)}.attack()},
		{name: "1,024 bodies of 4 MiB of an unknown method", lasts: 8 * time.Second, grants: held + 1024*firstWindow, attack: script{up: fills(1024, body("No.Such", four), four-100)}.attack()},
		{name: "1,024 whole bodies of 4 MiB", lasts: 8 * time.Second, grants: held + 1024*firstWindow, attack: script{up: fills(1024, body("Back.Small", four), four)}.attack()},
		{name: "1,024 headers without end", short: true, lasts: 8 * time.Second, grants: held + 1024*firstWindow, attack: script{up: fills(1024, join([]byte{1}, announce(0xdb, four)), four-100)}.attack()},
		{name: "1,024 headers of a million fields", lasts: 8 * time.Second, grants: held + 1024*firstWindow, attack: script{up: fills(1024, join([]byte{1}, announce(0xdf, 1<<20)), 2*mebi)}.attack()},
		{name: "1,024 streaming headers without end", short: true, lasts: 8 * time.Second, grants: held + 1024*firstWindow, attack: script{up: fills(1024, join([]byte{5}, announce(0xdb, four)), four-100)}.attack()},
		{name: "1,024 streams whose requests do not come", lasts: 2 * time.Second, attack: script{up: opens(1024, func(int) []byte { return join([]byte{5, 0x81}, text("Method"), text("Back.Stream")) })}.attack()},
		{name: "1,024 streams whose output is not read", short: true, lasts: 3 * time.Second, grants: 1024 * firstWindow, attack: script{more: func(*peer, uint32, int) {}, up: opens(1024, func(int) []byte {
			return join([]byte{5, 0x81}, text("Method"), text("Back.Stream"), []byte{0x80})
		})}.attack()},
		{name: "1,024 answers of 1 MiB not read", lasts: 3 * time.Second, grants: 1024 * firstWindow, attack: script{more: func(*peer, uint32, int) {}, up: opens(1024, func(int) []byte { return whole("Back.Large", []byte{0x80}) })}.attack()},
		{name: "1,024 answers of 1 MiB to a deaf server", lasts: 3 * time.Second, grants: 1024 * firstWindow, attack: script{deaf: true, up: opens(1024, func(int) []byte { return whole("Back.Large", []byte{0x80}) })}.attack()},
		{name: "2,000 streams left without a mode byte", attack: script{up: func(p *peer) {
			for i := range 2000 {
				p.say(head(windowType, syn, even(i), 0))
			}
		}}.attack()},
		{name: "bodies that trickle on 1,024 streams", lasts: 2 * time.Second, attack: script{up: func(p *peer) {
			opens(1024, func(int) []byte { return body("Back.Small", four) })(p)
			for i := 0; p.say(data(0, even(i%1024), []byte("x"))) && (i%100 != 0 || p.stage.pause(time.Millisecond)); i++ {
			}
		}}.attack()},
		{name: "10,000 calls on one stream", lasts: 3 * time.Second, attack: script{up: func(p *peer) {
			p.begin(2, whole("Back.Small", []byte{0x80}))
			p.send(2, many(10_000, whole("Back.Small", []byte{0x80})[1:]...))
		}}.attack()},
		{name: "data behind the end of a stream", attack: script{up: func(p *peer) {
			p.begin(2, whole("Back.Small", []byte{0x80}))
			p.say(head(windowType, fin, 2, 0))
			each(10_000, data(0, 2, make([]byte, 1024)))(p)
		}}.attack()},
		{name: "a window overrun by a reverse call", attack: script{up: func(p *peer) {
			p.begin(2, body("Back.Small", four))
			p.say(data(0, 2, make([]byte, 2*firstWindow)))
		}}.attack()},
	}
	for _, c := range []struct {
		name  string
		short bool
		size  int64
		bytes lazy
	}{
		{"nested arguments", false, 100_000, then(is(call("Back.Small")), repeated(100_000, 0x91))},
		{"arguments of 4 GiB announced", true, 0, is(join(call("Back.Small"), []byte{0xdb}, huge32))},
		{"a map of 4 Gi announced", false, 0, is(join(call("Back.Small"), []byte{0xdf}, huge32))},
		{"60,000 nils as arguments", false, 60_000, then(is(call("Back.Small"), announce(0xdd, 60_000)), repeated(60_000, 0xc0))},
		{"arguments that begin nothing", false, 0, is(whole("Back.Small", []byte{0xc1}))},
		{"a method of 200 KiB", true, 200 << 10, then(is([]byte{1, 0x82}, text("Seq"), []byte{1}, text("ServiceMethod")), long(200<<10, "x"), is([]byte{0x80}))},
		{"a method that moves the cursor", true, 0, is(whole("\x1b[2J\x1b]0;owned\a\n", []byte{0x80}))},
		{"a method that is not UTF-8", false, 0, is(whole("\xff\xfe\x80", []byte{0x80}))},
		{"no method", false, 0, is(whole("", []byte{0x80}))},
		{"a header of a wrong type", false, 0, is([]byte{1, 0x93, 1, 2, 3})},
		{"a header nested 100,000 deep", false, 100_000, then(is([]byte{1}), repeated(100_000, 0x91))},
		{"a header of 30,000 fields", false, 150_000, then(is([]byte{1}, announce(0xdf, 30_000)), manyKeys(30_000), is([]byte{0x80}))},
		{"a streaming method of 200 KiB", false, 200 << 10, then(is([]byte{5, 0x81}, text("Method")), long(200<<10, "x"), is([]byte{0x80}))},
		{"a streaming method unknown", true, 0, is(join([]byte{5, 0x81}, text("Method"), text("No.Such"), []byte{0x80}))},
		{"a streaming header nested 100,000 deep", false, 100_000, then(is([]byte{5}), repeated(100_000, 0x91))},
		{"an unknown method", true, 0, is(whole("No.Such", []byte{0x80}))},
		{"an unknown mode", true, 0, is([]byte{9, 9, 9})},
		{"half a request", false, 0, is([]byte{1, 0x82, 0xa3, 'S'})},
	} {
		b, holds := c.bytes, min(held, 1024*c.size)
		list = append(list, scenario{name: "flood of streams ended: " + c.name, short: c.short, lasts: 3 * time.Second, grants: holds, attack: script{up: torrent(b, fin)}.attack()},
			scenario{name: "flood of streams reset: " + c.name, lasts: 3 * time.Second, grants: holds, attack: script{up: torrent(b, rst)}.attack()},
			scenario{name: "flood of streams left: " + c.name, lasts: 2 * time.Second, grants: holds, attack: script{up: torrent(b, 0)}.attack()})
	}
	for i := range list {
		list[i].opens = true
	}
	return list
}

// torrent opens streams one after the other, sends the same on each, and ends it with a
// flag, none if that is 0: 20,000 of them, or 64 MiB.
func torrent(bytes lazy, flag uint16) func(*peer) {
	return func(p *peer) {
		b := bytes()
		for i := 0; ; i++ {
			if !p.begin(even(i), b) || flag != 0 && !p.say(head(windowType, flag, even(i), 0)) {
				return
			}
			if !p.stage.spend(max(int64(len(b)), 64*mebi/20_000), 64*mebi) {
				return
			}
		}
	}
}
