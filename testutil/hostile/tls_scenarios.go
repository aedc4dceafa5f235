package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"time"
)

// hello is a ServerHello with a version of the old field and whatever follows it.
func hello(version uint16, rest ...byte) []byte {
	body := join([]byte{byte(version >> 8), byte(version)}, many(32, 0x5a), rest)
	return record(22, 0x0303, join([]byte{2, 0, byte(len(body) >> 8), byte(len(body))}, body))
}

// retry is a ServerHello that asks for another ClientHello, with group 24 of the agent's.
func retry() []byte {
	random := []byte{0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c}
	extensions := []byte{0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 24}
	body := join([]byte{3, 3}, random, []byte{0, 0x13, 0x01, 0, 0, byte(len(extensions))}, extensions)
	return record(22, 0x0303, join([]byte{2, 0, 0, byte(len(body))}, body))
}

// tlsScenarios is what comes in place of a handshake, or goes wrong with one.
func tlsScenarios() []scenario {
	silent := func(s *stage, _ net.Conn) { s.hold() }
	ends := func(*stage, net.Conn) {}
	list := []scenario{
		{name: "a good handshake", short: true, attack: shaking(nil, nil)},
		{name: "silent", short: true, attack: inPlace(silent)},
		{name: "silent, while credentials change", attack: inPlace(silent), agent: restless},
		{name: "ends at the first byte", attack: inPlace(ends)},
		{name: "resets at the first byte", attack: inPlace(func(_ *stage, c net.Conn) { reset(c) })},
		{name: "silent after the agent's hello", attack: helloed(silent)},
		{name: "ends after the agent's hello", attack: helloed(ends)},
		{name: "zeros", attack: inPlace(pour(0))},
		{name: "ones", attack: inPlace(pour(0xff))},
		{name: "a plain server", short: true, attack: inPlace(script{}.serve)},
		{name: "a plain server that chatters", attack: inPlace(func(s *stage, c net.Conn) {
			for write(c, head(pingType, syn, 0, 1)) && s.pause(time.Millisecond) {
			}
		})},
		{name: "an HTTP server", attack: answersWith([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))},
		{name: "sends back what it gets", attack: inPlace(parrot)},
		{name: "reads a byte at a time", attack: inPlace(sip)},
		{name: "a record of 64 KiB", attack: answersWith(record(22, 0x0303, make([]byte, 65535)))},
		{name: "a record of no type", attack: answersWith(record(99, 0x0303, []byte{1}))},
		{name: "a record of no version", attack: answersWith(record(22, 0xffff, []byte{1}))},
		{name: "half a record", attack: answersWith(record(22, 0x0303, make([]byte, 100))[:50])},
		{name: "empty records, 64 MiB", short: true, attack: helloed(repeats(record(22, 0x0303, nil)))},
		{name: "empty data, 64 MiB", attack: helloed(repeats(record(23, 0x0303, nil)))},
		{name: "changes of cipher, 64 MiB", attack: helloed(repeats(record(20, 0x0303, []byte{1})))},
		{name: "warnings, 64 MiB", short: true, attack: helloed(repeats(record(21, 0x0303, []byte{1, 90})))},
		{name: "requests to begin anew, 64 MiB", attack: helloed(repeats(record(22, 0x0303, []byte{0, 0, 0, 0})))},
		{name: "a message of 16 MiB announced", attack: helloed(repeats(record(22, 0x0303, join([]byte{2, 0xff, 0xff, 0xff}, make([]byte, 16<<10-4)))))},
		{name: "a certificate of 16 MiB announced", attack: helloed(repeats(record(22, 0x0303, join([]byte{11, 0xff, 0xff, 0xff}, make([]byte, 16<<10-4)))))},
		{name: "a hello of SSL 3", attack: answersWith(hello(0x0300, 0, 0, 0x2f, 0))},
		{name: "a hello of TLS 1.1", attack: answersWith(hello(0x0302, 0, 0, 0x2f, 0))},
		{name: "a hello with an unknown cipher", attack: answersWith(hello(0x0303, 0, 0xfa, 0xfa, 0))},
		{name: "a hello with extensions cut off", attack: answersWith(hello(0x0303, 0, 0x13, 0x01, 0, 0xff, 0xff, 0, 43))},
		{name: "a hello with a session of 255 bytes", attack: answersWith(hello(0x0303, 255, 1, 2, 3))},
		{name: "two hellos", attack: answersWith(hello(0x0303, 0, 0xc0, 0x2f, 0), hello(0x0303, 0, 0xc0, 0x2f, 0))},
		{name: "asks for another hello, again and again", attack: helloed(repeats(retry()))},
		{name: "trickles", short: true, lasts: 2 * time.Second, attack: shaking(nil, trickles(10*time.Millisecond))},
		{name: "sends everything twice", attack: shaking(nil, twice)},
		{name: "no certificate asked for", attack: shaking(func(_ *credentials, cfg *tls.Config) error {
			cfg.ClientAuth, cfg.ClientCAs = tls.NoClientCert, nil
			return nil
		}, nil)},
		{name: "another authority asked for", attack: shaking(func(_ *credentials, cfg *tls.Config) error {
			other, err := issue(nil, nil, signs("another"))
			if err == nil {
				cfg.ClientCAs = other.trusts()
			}
			return err
		}, nil)},
		{name: "1,000 authorities asked for", attack: shaking(askForMany, nil)},
		{name: "a protocol that the agent does not have", attack: shaking(func(_ *credentials, cfg *tls.Config) error { cfg.NextProtos = []string{"h2"}; return nil }, nil)},
		{name: "TLS 1.2 at most", attack: shaking(func(_ *credentials, cfg *tls.Config) error { cfg.MaxVersion = tls.VersionTLS12; return nil }, nil)},
		{name: "TLS 1.1 at most", attack: shaking(func(_ *credentials, cfg *tls.Config) error {
			cfg.MinVersion, cfg.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
			return nil
		}, nil)},
	}
	for _, alert := range []byte{0, 10, 20, 40, 42, 46, 48, 70, 80, 112, 255} {
		list = append(list, scenario{name: fmt.Sprintf("alert %d", alert), attack: helloed(func(_ *stage, c net.Conn) { write(c, record(21, 0x0303, []byte{2, alert})) })})
	}
	for _, n := range []int64{1, 5, 64, 200, 700, 1200, 2000} {
		list = append(list, scenario{name: fmt.Sprintf("cut off after %d bytes", n), short: n == 700, attack: shaking(nil, cutAfter(n))},
			scenario{name: fmt.Sprintf("byte %d damaged", n), short: n == 200, attack: shaking(nil, damages(n))})
	}
	for name, version := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		after := func(what string, do func(*stage, *tls.Conn)) {
			list = append(list, scenario{name: "TLS " + name + ", then " + what, attack: afterHandshake(version, do)})
		}
		after("the end", func(*stage, *tls.Conn) {})
		after("silence", func(s *stage, _ *tls.Conn) { s.hold() })
		after("a reset", func(_ *stage, c *tls.Conn) { reset(c.NetConn()) })
		after("zeros", func(s *stage, c *tls.Conn) { pour(0)(s, c) })
		after("what is not encrypted", func(s *stage, c *tls.Conn) {
			if write(c.NetConn(), make([]byte, 100_000)) {
				s.hold()
			}
		})
		after("a request to begin anew that is not encrypted", func(s *stage, c *tls.Conn) {
			if write(c.NetConn(), record(22, 0x0303, []byte{0, 0, 0, 0})) {
				s.hold()
			}
		})
		after("records of a byte", func(s *stage, c *tls.Conn) {
			for b := head(pingType, syn, 0, 1); ; {
				for i := range b {
					if !write(c, b[i:i+1]) || !s.spend(1, 100_000) {
						return
					}
				}
			}
		})
		after("empty records", func(s *stage, c *tls.Conn) {
			for write(c, nil) && s.spend(1, 100_000) {
			}
		})
	}
	return append(list, sealedScenarios()...)
}

// repeats sends the same again and again, up to 64 MiB.
func repeats(b []byte) func(*stage, net.Conn) {
	return func(s *stage, c net.Conn) {
		batch := many(max(1, 64<<10/len(b)), b...)
		for write(c, batch) && s.spend(int64(len(batch)), 64*mebi) {
		}
	}
}

// askForMany makes the server name more authorities than the agent may have heard of.
func askForMany(c *credentials, cfg *tls.Config) error {
	cfg.ClientCAs = c.ca.trusts()
	for i := range 1000 {
		other, err := issue(nil, c.ca.key, signs(fmt.Sprintf("authority %04d", i)))
		if err != nil {
			return err
		}
		cfg.ClientCAs.AddCert(other.cert)
	}
	return nil
}
