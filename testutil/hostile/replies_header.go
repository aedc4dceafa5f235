package main

import (
	"encoding/binary"
	"math"
	"strings"
	"time"
)

// floatBits is a number with a fraction, without the byte that begins it.
func floatBits(f float64) []byte { return binary.BigEndian.AppendUint64(nil, math.Float64bits(f)) }

// oddHeader is a whole answer whose header is wrong, or what stands around it.
type oddHeader struct {
	name  string
	short bool
	bytes func(a ask) []byte
}

func oddHeaders() []oddHeader {
	seq := func(value ...byte) func(ask) []byte {
		return func(ask) []byte { return join(fields(text("Error"), text(""), text("Seq"), value), goodBody) }
	}
	fixed := func(b ...[]byte) func(ask) []byte { return func(ask) []byte { return join(b...) } }
	keys := manyKeys(30_000)
	return []oddHeader{
		{"another call's number", true, func(a ask) []byte { return reply(a.seq+1, "", goodBody) }},
		{"the largest number", false, seq(number(math.MaxUint64)...)},
		{"a negative number", false, seq(0xff)},
		{"a text for a number", false, seq(text("1")...)},
		{"a list for a number", false, seq(0x91, 1)},
		{"no number", false, fixed(fields(text("Error"), text("")), goodBody)},
		{"two numbers", false, func(a ask) []byte {
			return join(fields(text("Seq"), number(a.seq), text("Seq"), number(a.seq+1), text("Error"), text("")), goodBody)
		}},
		{"an empty header", false, fixed([]byte{0x80}, goodBody)},
		{"a header that is nil", false, fixed([]byte{0xc0}, goodBody)},
		{"a header that is a list", false, func(a ask) []byte { return join([]byte{0x93, 0xa0}, number(a.seq), []byte{0xa0}, goodBody) }},
		{"a header that is text", false, fixed(text("HTTP/1.1 200 OK"), goodBody)},
		{"a header of 30,000 fields", true, func(a ask) []byte {
			return join(announce(0xdf, 30_001), keys(), text("Seq"), number(a.seq), goodBody)
		}},
		{"a header whose keys are numbers", false, func(a ask) []byte { return join([]byte{0x82, 1, 2, 3}, number(a.seq), goodBody) }},
		{"a header nested a million deep", false, func(ask) []byte { return join([]byte{0x81}, text("Error"), many(1_000_000, 0x91)) }},
		{"a header with a name of 30 MiB", false, func(a ask) []byte {
			return join(fields(text("Seq"), number(a.seq), text("ServiceMethod"), text(strings.Repeat("x", 30*mebi))), goodBody)
		}},
		{"an error that is nil", false, func(a ask) []byte {
			return join(fields(text("Seq"), number(a.seq), text("Error"), []byte{0xc0}), goodBody)
		}},
		{"an error that is a map", false, func(a ask) []byte {
			return join(fields(text("Seq"), number(a.seq), text("Error"), []byte{0x80}), goodBody)
		}},
		{"an error and a good body", false, func(a ask) []byte { return reply(a.seq, "no", goodBody) }},
		{"an error and a body of 1 MiB", false, func(a ask) []byte { return reply(a.seq, "no", text(strings.Repeat("x", mebi))) }},
		{"no body", false, func(a ask) []byte { return header(a.seq, "") }},
		{"nothing", true, fixed()},
		{"two answers in one", false, func(a ask) []byte { return many(2, reply(a.seq, "", goodBody)...) }},
		{"1,000 answers in one", false, func(a ask) []byte { return many(1000, reply(a.seq, "", goodBody)...) }},
		{"rubbish behind the answer", false, func(a ask) []byte { return join(reply(a.seq, "", goodBody), many(1000, 0xc1)) }},
		{"the beginning of another answer behind it", false, func(a ask) []byte { return join(reply(a.seq, "", goodBody), header(a.seq+1, "")) }},
	}
}

// acknowledges is how a streaming call is opened and goes on; calls get good answers.
func acknowledges(make func() []byte) script {
	return script{ask: func(p *peer, a ask) {
		if a.streaming {
			go p.send(a.id, make())
		} else {
			p.answer(a, goodBody)
		}
	}}
}

// streamScenarios is what comes on streaming calls.
func streamScenarios() []scenario {
	open := acknowledgement("")
	frame := func(payload []byte) []byte { return fields(text("Error"), []byte{0xc0}, text("Payload"), payload) }
	var list []scenario
	for _, s := range []struct {
		name   string
		grants int64
		bytes  func() []byte
	}{
		{"no acknowledgement", 0, func() []byte { return nil }},
		{"an acknowledgement with an error of 30 MiB", 4 * 30 * mebi, func() []byte { return acknowledgement(strings.Repeat("x", 30*mebi)) }},
		{"an acknowledgement nested a million deep", 0, func() []byte { return many(1_000_000, 0x91) }},
		{"an acknowledgement of a wrong type", 0, func() []byte { return []byte{0x81, 0xa5, 'E', 'r', 'r', 'o', 'r', 0x91, 1} }},
		{"an acknowledgement of 30,000 fields", 0, func() []byte { return join(announce(0xdf, 30_000), manyKeys(30_000)()) }},
		{"an acknowledgement of 4 GiB announced", 0, func() []byte { return join([]byte{0xdf}, huge32) }},
		{"a frame of 30 MiB", 4 * 30 * mebi, func() []byte { return join(open, frame(text(strings.Repeat("x", 30*mebi)))) }},
		{"a frame of 4 GiB announced", 0, func() []byte { return join(open, []byte{0xdb}, huge32) }},
		{"a frame nested a million deep", 0, func() []byte { return join(open, many(1_000_000, 0x91)) }},
		{"a frame with an error of 30 MiB", 4 * 30 * mebi, func() []byte {
			return join(open, fields(text("Error"), fields(text("Code"), []byte{1}, text("Message"), text(strings.Repeat("x", 30*mebi)))))
		}},
		{"a frame with a code that overflows", 0, func() []byte {
			return join(open, fields(text("Error"), fields(text("Code"), number(math.MaxUint64), text("Message"), text("\x1b[2J"))))
		}},
		{"a frame of a wrong type", 0, func() []byte { return join(open, []byte{0x93, 1, 2, 3}) }},
		{"1,000,000 empty frames", 4 * mebi, func() []byte { return join(open, many(1_000_000, 0x80)) }},
		{"100,000 frames of nothing", 0, func() []byte { return join(open, many(100_000, frame([]byte{0xa0})...)) }},
		{"an event of 30,000 fields", 0, func() []byte {
			return join(open, fields(text("Event"), join(announce(0xdf, 30_000), manyKeys(30_000)())))
		}},
	} {
		c := acknowledges(s.bytes)
		each := callers(calling{stream: true, each: 3 * time.Second})
		list = append(list, scenario{name: "stream: " + s.name, lasts: 2 * time.Second, grants: s.grants, attack: c.attack(), agent: each})
	}
	return append(list,
		scenario{name: "trickles, a byte each 20 ms", short: true, attack: script{ask: drips(20*time.Millisecond, func(a ask) []byte { return good(0, a) })}.attack(), agent: callers(calling{each: 5 * time.Second})},
		scenario{name: "trickles in frames of a byte", attack: script{ask: func(p *peer, a ask) {
			go func() {
				for _, c := range reply(a.seq, "", goodBody) {
					if !p.say(data(0, a.id, []byte{c})) || !p.stage.pause(20*time.Millisecond) {
						return
					}
				}
			}()
		}}.attack(), agent: callers(calling{each: 5 * time.Second})},
		scenario{name: "twice, a moment apart", attack: script{ask: func(p *peer, a ask) {
			p.say(good(0, a))
			go func() {
				p.stage.pause(time.Millisecond)
				p.say(good(0, a))
			}()
		}}.attack()},
	)
}
