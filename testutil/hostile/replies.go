package main

import (
	"math"
	"strings"
	"sync"
	"time"
)

// answers gives each request an answer with body, in a goroutine of its own as far as
// the window allows.
func answers(body lazy) script {
	return script{ask: func(p *peer, a ask) {
		go func() { _ = p.send(a.id, header(a.seq, "")) && p.send(a.id, body()) }()
	}}
}

// responds gives each request the bytes that make makes, likewise.
func responds(make func(a ask) []byte) script {
	return script{ask: func(p *peer, a ask) { go p.send(a.id, make(a)) }}
}

// fails gives each request an error that repeats a text, n times.
func fails(n int, s string) script {
	failure := long(n, s)
	return script{ask: func(p *peer, a ask) {
		go func() {
			_ = p.send(a.id, join([]byte{0x82}, text("Seq"), number(a.seq), text("Error"))) &&
				p.send(a.id, failure()) && p.send(a.id, []byte{0x80})
		}()
	}}
}

// endless answers each request with beginning, and then with more of the same until
// nobody reads it.
func endless(beginning func(a ask) []byte, more lazy) script {
	return script{ask: func(p *peer, a ask) {
		go func() {
			for ok := p.send(a.id, beginning(a)); ok; ok = p.send(a.id, more()) {
			}
		}()
	}}
}

// bulky is a struct that takes much memory of little text.
type bulky struct {
	Names  [64]string
	Counts [64]int64
	More   map[string]any
	Nested struct{ A, B, C, D, E []string }
}

// node is what an agent reads of a reply in earnest.
type node struct {
	ID, Name string
	Index    uint64
	TTL      time.Duration
	At       time.Time
	Tags     map[string]string
	Servers  []struct{ RPCAdvertiseAddr, Datacenter string }
}

// replyScenarios is answers to calls.
func replyScenarios() []scenario {
	into := func(f func() any) starter { return callers(calling{each: 8 * time.Second, reply: f}) }
	anything := callers(calling{each: 8 * time.Second})
	nodes := into(func() any { return new(node) })
	list := []scenario{
		{name: "64 MiB less some", lasts: 8 * time.Second, grants: 4 * 64 * mebi, attack: answers(long(63*mebi, "x")).attack(), agent: anything},
		{name: "more than 64 MiB", lasts: 4 * time.Second, grants: 4 * 64 * mebi, attack: answers(long(65*mebi, "x")).attack(), agent: anything},
		{name: "text without end", short: true, lasts: 4 * time.Second, grants: 4 * 64 * mebi, attack: endless(func(a ask) []byte { return join(header(a.seq, ""), announce(0xdb, 60*mebi)) }, repeated(mebi, 0)).attack(), agent: anything},
		{name: "a list without end", lasts: 4 * time.Second, grants: 4 * 64 * mebi, attack: endless(func(a ask) []byte { return join(header(a.seq, ""), announce(0xdd, 3<<20)) }, repeated(mebi, 0)).attack(), agent: anything},
		{name: "a header without end", lasts: 4 * time.Second, grants: 4 * 64 * mebi, attack: endless(func(ask) []byte { return announce(0xdf, 3<<20) }, repeated(64<<10, 0xa1, 'k', 0xc0)).attack(), agent: anything},
		{name: "an error of 60 MiB", short: true, lasts: 8 * time.Second, grants: 4 * 60 * mebi, attack: fails(20*mebi, "no ").attack(), agent: anything},
		{name: "an error of 60 MiB of control characters", lasts: 8 * time.Second, grants: 4 * 60 * mebi, attack: fails(60*mebi, "\x1b").attack(), agent: anything},
		{name: "an error of 1 MiB of forwards", grants: 4 * mebi, attack: fails(1<<16, "rpc error: ").attack()},
		{name: "an error of 1 MiB of brackets", grants: 4 * mebi, attack: fails(1<<16, "RPC Error:: 404,").attack()},
		{name: "an error that moves the cursor", attack: fails(1, "\x1b[2J\x1b]0;owned\a\r\n\u202e\u009b").attack()},
		{name: "an error that is not UTF-8", attack: fails(1, "\xff\xfe\x80\x00").attack()},
		{name: "an error of one blank", attack: fails(1, " ").attack()},
		{name: "nils for big structs, 1 MiB", short: true, grants: 4 * mebi, attack: answers(then(is(announce(0xdd, mebi)), repeated(mebi, 0xc0))).attack(), agent: into(func() any { return new([]bulky) })},
		{name: "empty maps for big structs, 1 MiB", grants: 4 * mebi, attack: answers(then(is(announce(0xdd, mebi)), repeated(mebi, 0x80))).attack(), agent: into(func() any { return new([]bulky) })},
		{name: "nils for big structs, just as many as may be", short: true, grants: 4 * 64 * mebi, attack: answers(then(is(announce(0xdd, 65_000)), repeated(65_000, 0xc0))).attack(), agent: into(func() any { return new([]bulky) })},
		{name: "nils for pointers, 1 MiB", grants: 16 * mebi, attack: answers(then(is(announce(0xdd, mebi)), repeated(mebi, 0xc0))).attack(), agent: into(func() any { return new([]*bulky) })},
		{name: "nils for arrays, 60,000", grants: 4 * 60_000 * 512, attack: answers(then(is(announce(0xdd, 60_000)), repeated(60_000, 0xc0))).attack(), agent: into(func() any { return new([][512]byte) })},
		{name: "60,000 empty lists", attack: answers(then(is(announce(0xdd, 60_000)), repeated(60_000, 0x90))).attack()},
		{name: "60,000 empty maps", attack: answers(then(is(announce(0xdd, 60_000)), repeated(60_000, 0x80))).attack()},
		{name: "a map of 1,000,000", short: true, grants: 4 * 64 * mebi, attack: answers(then(is(announce(0xdf, 1_000_000)), manyKeys(1_000_000))).attack(), agent: anything},
		{name: "a map of 30,000", attack: answers(then(is(announce(0xdf, 30_000)), manyKeys(30_000))).attack()},
		{name: "a map of 30,000 for a struct", attack: answers(then(is(announce(0xdf, 30_000)), manyKeys(30_000))).attack(), agent: nodes},
		{name: "30,000 times the same key", attack: answers(then(is(announce(0xdf, 30_000)), repeated(30_000, 0xa1, 'k', 0xc0))).attack()},
		{name: "the same field 30,000 times", attack: answers(then(is(announce(0xdf, 30_000)), repeated(30_000, join(text("Name"), text("x"))...))).attack(), agent: nodes},
	}
	for _, v := range awkward() {
		const size = 4 * 2 * mebi // four callers, and what the largest has
		list = append(list, scenario{name: v.name, short: v.short, grants: size, attack: answers(v.value).attack()},
			scenario{name: v.name + ", for a struct", grants: size, attack: answers(v.value).attack(), agent: nodes})
	}
	for _, h := range oddHeaders() {
		list = append(list, scenario{name: h.name, short: h.short, attack: responds(h.bytes).attack()})
	}
	return list
}

// manyKeys is n keys, all different, with nil as the value of each.
func manyKeys(n int) lazy {
	return sync.OnceValue(func() []byte {
		var b []byte
		for i := range n {
			b = append(b, 0xa3, byte(i>>14), byte(i>>7)&0x7f, byte(i)&0x7f, 0xc0)
		}
		return b
	})
}

// oddValue is a body that is valid or not.
type oddValue struct {
	name  string
	short bool
	value lazy
}

// awkward is bodies that readers stumble over.
func awkward() []oddValue {
	return []oddValue{
		{"nested a million deep", true, repeated(1_000_000, 0x91)},
		{"maps nested a million deep", false, repeated(1_000_000, 0x81, 0xa0)},
		{"nested as keys of maps", false, repeated(100_000, 0x81)},
		{"nested 127 deep", false, then(repeated(127, 0x91), is([]byte{0xc0}))},
		{"nested 129 deep", false, then(repeated(129, 0x91), is([]byte{0xc0}))},
		{"text of 4 GiB announced", true, is(join([]byte{0xdb}, huge32))},
		{"bytes of 4 GiB announced", false, is(join([]byte{0xc6}, huge32))},
		{"an extension of 4 GiB announced", false, is(join([]byte{0xc9}, huge32, []byte{1}))},
		{"a list of 4 Gi announced", true, is(join([]byte{0xdd}, huge32))},
		{"a map of 4 Gi announced", false, is(join([]byte{0xdf}, huge32))},
		{"text of 60 MiB announced, then nothing", true, is(announce(0xdb, 60*mebi))},
		{"a list of 4 Mi announced, then some", false, then(is(announce(0xdd, 4<<20)), repeated(100_000, 0xc0))},
		{"lists of lists announced", false, repeated(120, announce(0xdd, 60_000)...)},
		{"an extension", false, is([]byte{0xc7, 3, 99, 1, 2, 3})},
		{"a time", false, is([]byte{0xd6, 0xff, 0, 0, 0, 1})},
		{"a time of year 300 billion", false, is(join([]byte{0xc7, 12, 0xff}, many(12, 0xff)))},
		{"the byte that begins nothing", false, is([]byte{0xc1})},
		{"text that is not UTF-8", false, is([]byte{0xa4, 0xff, 0xfe, 0x80, 0})},
		{"a list in place of a map", false, is([]byte{0x93, 1, 2, 3})},
		{"a map whose keys are lists", false, is([]byte{0x81, 0x91, 1, 1})},
		{"a map whose keys are maps", false, is([]byte{0x82, 0x81, 1, 1, 1, 0x80, 2})},
		{"a map whose keys are nil", false, is([]byte{0x82, 0xc0, 1, 0xc0, 2})},
		{"a map whose keys are no numbers", false, is(join([]byte{0x82, 0xcb}, floatBits(math.NaN()), []byte{1, 0xcb}, floatBits(math.NaN()), []byte{2}))},
		{"every field of a wrong type", false, is(fields(text("ID"), []byte{1}, text("Name"), []byte{0x91, 1}, text("Index"), text("x"), text("TTL"), []byte{0x80}, text("At"), []byte{0xc3}, text("Tags"), []byte{0x91, 1}, text("Servers"), []byte{0x81, 1, 1}))},
		{"numbers that overflow", false, is(fields(text("Index"), []byte{0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0}, text("TTL"), number(math.MaxUint64)))},
		{"numbers with a fraction", false, is(fields(text("Index"), join([]byte{0xcb}, floatBits(math.Inf(1))), text("TTL"), join([]byte{0xcb}, floatBits(1e300))))},
		{"a time of the wrong length", false, is(fields(text("At"), text(strings.Repeat("\x01", 14)), text("ID"), text("x")))},
		{"a list of 60,000 for a map", false, is(fields(text("Tags"), join(announce(0xdd, 60_000), many(60_000, 0xa1, 'x'))))},
	}
}
