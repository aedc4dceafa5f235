package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/open-nomad/rpcproxy/pool"
	"github.com/open-nomad/rpcproxy/proxy"
	"github.com/open-nomad/rpcproxy/proxy/discover/dns"
)

// resolved is an agent that finds its servers by DNS, by both sorts of names, and asks
// more often than one does.
func resolved(t target) (*agent, error) {
	d, err := dns.New(dns.Config{
		Names: []string{"nomad.test.", "_rpc._tcp.test."}, Services: []string{"service.test."},
		Resolvers: []string{t.Addr}, Timeout: 300 * time.Millisecond,
	})
	if err != nil {
		return nil, err
	}
	return discovers(proxy.Config{Discoverer: d})
}

// discovers starts an agent that looks for servers again and again, beside what its proxy
// does.
func discovers(cfg proxy.Config) (*agent, error) {
	cfg.Pool = pool.Config{Handlers: handlers()}
	a, err := start(cfg)
	if err != nil {
		return nil, err
	}
	a.add(4, calling{})
	a.busy = append(a.busy, func(ctx context.Context) {
		a.again(ctx, 5*time.Second, func(ctx context.Context) error {
			_, err := cfg.Discoverer.Discover(ctx)
			return err
		})
	})
	return a, nil
}

// dnsScenarios is the answers of a resolver.
func dnsScenarios() []scenario {
	for4 := func(make func(q query) []byte) responder { // only questions for IPv4 have an answer
		return func(q query) []byte {
			if q.kind != typeA {
				return q.answer(0, 0, nil)
			}
			return make(q)
		}
	}
	srv := func(make func(q query) []byte) responder { // likewise for services
		return func(q query) []byte {
			if q.kind != typeSRV {
				return q.answer(0, 1, address(1))
			}
			return make(q)
		}
	}
	overTCP := func(then responder) responder { // what does not fit has to be asked for over TCP
		return func(q query) []byte {
			if !q.tcp {
				return q.answer(0x200, 0, nil)
			}
			return then(q)
		}
	}
	addresses := func(n int) []byte {
		var b []byte
		for i := range n {
			b = append(b, address(i+2)...)
		}
		return b
	}
	several := func(n int, record func(i int) []byte) []byte {
		var b []byte
		for i := range n {
			b = append(b, record(i)...)
		}
		return b
	}
	code := func(c uint16) responder { return func(q query) []byte { return q.answer(c, 0, nil) } }
	var list []scenario
	for _, c := range []struct {
		name    string
		short   bool
		respond responder
	}{
		{"a server that does not answer calls", false, for4(func(q query) []byte { return q.answer(0, 1, address(1)) })},
		{"4,000 addresses", true, overTCP(for4(func(q query) []byte { return q.answer(0, 4000, addresses(4000)) }))},
		{"4,000 addresses in a packet", false, for4(func(q query) []byte { return q.answer(0, 4000, addresses(4000)) })},
		{"65,535 addresses announced", false, for4(func(q query) []byte { return q.answer(0, 65535, address(1)) })},
		{"2,000 services", true, overTCP(srv(func(q query) []byte { return q.answer(0, 2000, many(2000, service(4647, domain("a.test"))...)) }))},
		{"1,000 services at names of their own", true, overTCP(srv(func(q query) []byte {
			return q.answer(0, 1000, several(1000, func(i int) []byte { return service(4647, domain(fmt.Sprintf("n%d.test", i))) }))
		}))},
		{"a service at no name", false, srv(func(q query) []byte { return q.answer(0, 1, service(4647, []byte{0})) })},
		{"a service at port 0", false, srv(func(q query) []byte { return q.answer(0, 1, service(0, domain("a.test"))) })},
		{"a service at control characters", true, srv(func(q query) []byte { return q.answer(0, 1, service(4647, domain("\x1b[2J\x1b]0;owned\a\n.test"))) })},
		{"a service at bytes that are no text", false, srv(func(q query) []byte { return q.answer(0, 1, service(4647, domain("\xff\xfe\x00.\x80"))) })},
		{"a service at a label of blanks", false, srv(func(q query) []byte { return q.answer(0, 1, service(4647, domain("a b:80/../@x"))) })},
		{"a service at the longest name", false, srv(func(q query) []byte {
			return q.answer(0, 1, service(4647, domain(strings.Repeat(strings.Repeat("a", 61)+".", 4))))
		})},
		{"a service at a name too long", false, srv(func(q query) []byte {
			return q.answer(0, 1, service(4647, domain(strings.Repeat(strings.Repeat("a", 63)+".", 20))))
		})},
		{"a service record cut off", false, srv(func(q query) []byte { return q.answer(0, 1, rr(typeSRV, []byte{0, 0, 0})) })},
		{"a name that points at itself", true, for4(func(q query) []byte {
			at := 12 + len(q.section)
			return q.answer(0, 1, named([]byte{0xc0, byte(at)}, typeA, []byte{127, 0, 0, 1}))
		})},
		{"two names that point at each other", false, for4(func(q query) []byte {
			at := byte(12 + len(q.section))
			return q.answer(0, 1, named([]byte{0xc0, at + 2, 0xc0, at}, typeA, []byte{127, 0, 0, 1}))
		})},
		{"a name that points beyond the end", false, for4(func(q query) []byte { return q.answer(0, 1, named([]byte{0xff, 0xff}, typeA, []byte{127, 0, 0, 1})) })},
		{"a name with a label of no form", false, for4(func(q query) []byte { return q.answer(0, 1, named([]byte{0x80, 0}, typeA, []byte{127, 0, 0, 1})) })},
		{"an alias of itself", false, func(q query) []byte { return q.answer(0, 1, rr(typeCNAME, []byte{0xc0, 12})) }},
		{"an alias of another name each time", true, func() responder {
			n := 0
			return func(q query) []byte {
				n++
				return q.answer(0, 1, rr(typeCNAME, domain(fmt.Sprintf("n%d.test", n))))
			}
		}()},
		{"1,000 aliases in a row", false, overTCP(func(q query) []byte {
			return q.answer(0, 1000, several(1000, func(i int) []byte {
				return named(domain(fmt.Sprintf("n%d.test", i)), typeCNAME, domain(fmt.Sprintf("n%d.test", i+1)))
			}))
		})},
		{"an address of 3 bytes", false, for4(func(q query) []byte { return q.answer(0, 1, rr(typeA, []byte{127, 0, 0})) })},
		{"an address of 60 KiB", false, for4(func(q query) []byte { return q.answer(0, 1, rr(typeA, make([]byte, 60<<10))) })},
		{"addresses that are none", false, for4(func(q query) []byte {
			return q.answer(0, 3, join(rr(typeA, make([]byte, 4)), rr(typeA, []byte{127, 255, 255, 255}), rr(typeAAAA, make([]byte, 16))))
		})},
		{"a wrong number", true, func(q query) []byte { q.id = []byte{q.id[0] ^ 1, q.id[1]}; return q.answer(0, 1, address(1)) }},
		{"10,000 wrong numbers", false, func() responder {
			return func(q query) []byte { // each answer has one; over TCP they come together
				one := query{id: []byte{q.id[0] ^ 1, q.id[1]}, section: q.section}.answer(0, 1, address(1))
				return many(min(1000, 60_000/len(one)), one...)
			}
		}()},
		{"another question", false, func(q query) []byte {
			q.section = append(domain("evil.test"), 0, 1, 0, 1)
			return q.answer(0, 1, address(1))
		}},
		{"no question", false, func(q query) []byte { m := q.answer(0, 1, address(1)); m[5] = 0; return m }},
		{"a question, no answer", false, func(q query) []byte { m := q.answer(0, 0, nil); m[2] &^= 0x80; return m }},
		{"half a head", false, func(q query) []byte { return q.answer(0, 0, nil)[:7] }},
		{"an empty packet", false, func(query) []byte { return []byte{} }},
		{"rubbish", true, func(query) []byte { return many(500, 0xff) }},
		{"truncated always", true, func(q query) []byte { return q.answer(0x200, 0, nil) }},
		{"truncated, and then silence", true, overTCP(func(query) []byte { return nil })},
		{"truncated, and then rubbish", false, overTCP(func(query) []byte { return many(60_000, 0xc0) })},
		{"silence", true, func(query) []byte { return nil }},
		{"SERVFAIL", true, code(2)},
		{"FORMERR", false, code(1)},
		{"NXDOMAIN", false, code(3)},
		{"NOTIMP", false, code(4)},
		{"REFUSED", false, code(5)},
		{"a code that there is not", false, code(15)},
		{"every flag", false, func(q query) []byte { return q.answer(0xffff, 1, address(1)) }},
		{"an option of 60 KiB", false, overTCP(func(q query) []byte {
			m := q.answer(0, 0, named([]byte{0}, 41, make([]byte, 60_000)))
			m[11] = 1
			return m
		})},
	} {
		list = append(list, scenario{name: c.name, short: c.short, attack: resolving(c.respond)})
	}
	return list
}
