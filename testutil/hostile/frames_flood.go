package main

import (
	"encoding/binary"
	"strings"
	"time"
)

// countless is how many frames a flood has: more than any buffer or bound holds.
const countless = 200_000

// frameFloods is frames that come nearly without end.
func frameFloods() []scenario {
	kilo := make([]byte, 1024)
	opened := func(i int) []byte { return head(windowType, syn, even(i), 0) }
	pings := func(i int) []byte { return head(pingType, syn, 0, uint32(i)) }
	huge := callers(calling{args: make([]byte, 600<<10)})
	floods := []struct {
		name  string
		short bool
		frame func(i int) []byte
	}{
		{"streams opened", true, opened},
		{"streams opened, one number", false, func(int) []byte { return head(windowType, syn, 2, 0) }},
		{"streams opened with numbers of the agent's", false, func(i int) []byte { return head(windowType, syn, uint32(2*i+1), 0) }},
		{"streams opened with a mode byte", true, func(i int) []byte { return append(opened(i), data(0, even(i), []byte{1})...) }},
		{"streams opened by data", false, func(i int) []byte { return data(syn, even(i), []byte{1}) }},
		{"streams opened and ended in one frame", false, func(i int) []byte { return head(windowType, syn|fin, even(i), 0) }},
		{"streams opened and reset in one frame", true, func(i int) []byte { return head(windowType, syn|rst, even(i), 0) }},
		{"streams opened and acknowledged", false, func(i int) []byte { return head(windowType, syn|ack, even(i), 0) }},
		{"streams opened with a window that overflows", false, func(i int) []byte { return head(windowType, syn, even(i), 1<<32-1) }},
		{"streams opened, then ended", false, func(i int) []byte { return append(opened(i), head(windowType, fin, even(i), 0)...) }},
		{"streams opened, then reset", true, func(i int) []byte { return append(opened(i), head(windowType, rst, even(i), 0)...) }},
		{"pings", true, pings},
		{"pings, all the same", false, func(int) []byte { return head(pingType, syn, 0, 7) }},
		{"pings on streams", false, func(i int) []byte { return head(pingType, syn, uint32(i), 7) }},
		{"answers to pings", true, func(i int) []byte { return head(pingType, ack, 0, uint32(i)) }},
		{"pings that are answers too", false, func(i int) []byte { return head(pingType, syn|ack, 0, uint32(i)) }},
		{"pings without a flag", false, func(i int) []byte { return head(pingType, 0, 0, uint32(i)) }},
		{"departures", true, func(int) []byte { return head(goAwayType, 0, 0, 0) }},
		{"resets of unknown streams", true, func(i int) []byte { return head(windowType, rst, even(i), 0) }},
		{"resets of streams to come", false, func(i int) []byte { return head(windowType, rst, uint32(2*i+1), 0) }},
		{"ends of unknown streams", false, func(i int) []byte { return head(windowType, fin, even(i), 0) }},
		{"acknowledgements of unknown streams", false, func(i int) []byte { return head(windowType, ack, uint32(2*i+1), 0) }},
		{"windows of unknown streams", true, func(i int) []byte { return head(windowType, 0, even(i), 1<<20) }},
		{"windows of stream 0", false, func(int) []byte { return head(windowType, 0, 0, 1<<20) }},
		{"data for unknown streams", true, func(i int) []byte { return data(0, even(i), kilo) }},
		{"data for streams to come", false, func(i int) []byte { return data(0, uint32(2*i+1), kilo) }},
		{"empty data for stream 1", false, func(int) []byte { return data(0, 1, nil) }},
		{"data for stream 1, a byte each", true, func(int) []byte { return data(0, 1, []byte{0xc0}) }},
		{"every type with every flag", true, func(i int) []byte { return head(byte(i%4), uint16(i/4), uint32(i%64), uint32(i%2)*0) }},
	}
	list := []scenario{
		{name: "flood, deaf: streams opened", opens: true, attack: script{deaf: true, up: flood(countless, opened)}.attack(), agent: huge},
		{name: "flood, deaf: pings", short: true, attack: script{deaf: true, up: flood(countless, pings)}.attack(), agent: huge},
		{name: "flood on each stream: windows of 0", attack: script{open: onOpen(func(id uint32) []byte { return many(500, head(windowType, 0, id, 0)...) })}.attack()},
		{name: "flood on each stream: windows of 1", attack: script{open: onOpen(func(id uint32) []byte { return many(500, head(windowType, 0, id, 1)...) })}.attack()},
		{name: "flood on each stream: windows of 4 GiB", short: true, attack: script{open: onOpen(func(id uint32) []byte { return many(500, head(windowType, 0, id, 1<<32-1)...) })}.attack(), agent: huge},
		{name: "flood on each stream: ends", attack: script{open: onOpen(func(id uint32) []byte { return many(500, head(windowType, fin, id, 0)...) })}.attack()},
		{name: "flood on each stream: acknowledgements", attack: script{open: onOpen(func(id uint32) []byte { return many(500, head(windowType, ack, id, 0)...) })}.attack()},
		{name: "flood on each stream: resets", attack: script{open: onOpen(func(id uint32) []byte { return many(500, head(windowType, rst, id, 0)...) })}.attack()},
		{name: "flood on each request: empty data", short: true, attack: script{ask: onAsk(func(a ask) []byte { return many(500, data(0, a.id, nil)...) })}.attack()},
		{name: "flood on each request: nils", attack: script{ask: onAsk(func(a ask) []byte { return many(500, data(0, a.id, []byte{0xc0})...) })}.attack()},
		{name: "flood after each pong: answers to it", attack: script{pong: func(p *peer, n uint32) { p.say(many(10_000, head(pingType, ack, 0, n)...)) }}.attack()},
		{name: "flood of bytes that are no frames: zeros", attack: byHand(pour(0))},
		{name: "flood of bytes that are no frames: ones", attack: byHand(pour(0xff))},
	}
	for _, f := range floods {
		list = append(list, scenario{name: "flood of " + f.name, short: f.short, opens: strings.HasPrefix(f.name, "streams opened"), lasts: 3 * time.Second, attack: script{up: flood(countless, f.frame)}.attack()})
	}
	return list
}

// huge32 is a length that nobody has room for.
var huge32 = binary.BigEndian.AppendUint32(nil, 1<<32-1)
