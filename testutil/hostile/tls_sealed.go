package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"strings"
)

// seal makes encrypted records of a kind that package crypto/tls does not send.
type seal struct {
	secret []byte // of TLS 1.3; nil: TLS 1.2
	gcm    cipher.AEAD
	nonce  []byte
	seq    uint64
}

// sealedScenarios is messages after a good handshake, encrypted as they should be.
func sealedScenarios() []scenario {
	again := []byte{0, 0, 0, 0}
	update := func(answer byte) []byte { return []byte{24, 0, 0, 1, answer} }
	ticket := func(size int) []byte {
		body := join([]byte{0, 0, 0x1c, 0x20, 1, 2, 3, 4, 1, 9, byte(size >> 8), byte(size)}, make([]byte, size), []byte{0, 0})
		return join([]byte{4, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body)
	}
	var list []scenario
	for _, c := range []struct {
		name    string
		version uint16
		kind    byte
		n       int
		message lazy
	}{
		{"a request to begin anew", tls.VersionTLS12, 22, 1, is(again)},
		{"10,000 requests to begin anew", tls.VersionTLS12, 22, 10_000, is(again)},
		{"10,000 warnings", tls.VersionTLS12, 21, 10_000, is([]byte{1, 90})},
		{"a hello of a new handshake", tls.VersionTLS12, 22, 1, is(hello(0x0303, 0, 0xc0, 0x2b, 0)[5:])},
		{"a request to begin anew", tls.VersionTLS13, 22, 1, is(again)},
		{"a new key", tls.VersionTLS13, 22, 1, is(update(1))},
		{"100,000 new keys", tls.VersionTLS13, 22, 100_000, is(update(0))},
		{"100,000 new keys that want one back", tls.VersionTLS13, 22, 100_000, is(update(1))},
		{"10,000 tickets", tls.VersionTLS13, 22, 10_000, is(ticket(32))},
		{"a ticket of 60,000 bytes in parts", tls.VersionTLS13, 22, 1, is(ticket(60_000))},
		{"100,000 empty records", tls.VersionTLS13, 23, 100_000, is()},
		{"a record of padding", tls.VersionTLS13, 0, 1, repeated(10_000, 0)},
	} {
		list = append(list, scenario{
			name:  fmt.Sprintf("%s, then %s, encrypted", tls.VersionName(c.version), c.name),
			short: c.n == 10_000 && c.kind == 22, attack: sealed(c.version, func(s *stage, conn net.Conn, k *seal) {
				for range c.n {
					for b := c.message(); ; b = b[min(len(b), 16<<10):] {
						if !write(conn, k.record(c.kind, b[:min(len(b), 16<<10)])) {
							return
						}
						if len(b) <= 16<<10 {
							break
						}
					}
				}
				s.hold()
			}),
		})
	}
	return list
}

// sealed is an attack on a connection whose handshake was good, with the server's keys.
func sealed(version uint16, do func(*stage, net.Conn, *seal)) attack {
	return overTLS(func(s *stage, c *credentials) (func(net.Conn), error) {
		return func(conn net.Conn) {
			var log bytes.Buffer
			cfg := c.config()
			cfg.MinVersion, cfg.MaxVersion, cfg.KeyLogWriter, cfg.SessionTicketsDisabled = version, version, &log, true
			cfg.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
			first := &randoms{Conn: conn}
			secure := tls.Server(first, cfg)
			if secure.HandshakeContext(s.ctx) != nil {
				return
			}
			if k, err := first.seal(version, log.String()); err == nil {
				do(s, conn, k)
			}
		}, nil
	})
}

// randoms is a connection that remembers the server's random, from which keys are made.
type randoms struct {
	net.Conn
	server []byte
}

func (r *randoms) Write(b []byte) (int, error) {
	if r.server == nil && len(b) > 43 {
		r.server = bytes.Clone(b[11:43])
	}
	return r.Conn.Write(b)
}

// seal makes the server's keys out of the secrets that were logged.
func (r *randoms) seal(version uint16, log string) (*seal, error) {
	if version == tls.VersionTLS13 {
		secret, _, err := logged(log, "SERVER_TRAFFIC_SECRET_0")
		if err != nil {
			return nil, err
		}
		return newSeal(secret)
	}
	master, client, err := logged(log, "CLIENT_RANDOM")
	if err != nil {
		return nil, err
	}
	keys := prf(master, join([]byte("key expansion"), r.server, client), 40)
	k := &seal{nonce: keys[36:40], seq: 1} // its first record was the end of the handshake
	err = k.key(keys[16:32])
	return k, err
}

// logged is a secret of the log, and the client's random beside it.
func logged(log, label string) (secret, client []byte, err error) {
	for line := range strings.Lines(log) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == label {
			if client, err = hex.DecodeString(f[1]); err == nil {
				secret, err = hex.DecodeString(f[2])
			}
			return secret, client, err
		}
	}
	return nil, nil, fmt.Errorf("no %s was logged", label)
}

// prf is what TLS 1.2 expands secrets with.
func prf(secret, seed []byte, n int) []byte {
	sum := func(b []byte) []byte {
		h := hmac.New(sha256.New, secret)
		_, _ = h.Write(b) // a hash takes all
		return h.Sum(nil)
	}
	var out []byte
	for a := sum(seed); len(out) < n; a = sum(a) {
		out = append(out, sum(join(a, seed))...)
	}
	return out[:n]
}

// newSeal is that of a secret of TLS 1.3.
func newSeal(secret []byte) (*seal, error) {
	key, err := expand(secret, "key", 16)
	if err != nil {
		return nil, err
	}
	k := &seal{secret: secret}
	if k.nonce, err = expand(secret, "iv", 12); err != nil {
		return nil, err
	}
	err = k.key(key)
	return k, err
}

func (k *seal) key(key []byte) error {
	block, err := aes.NewCipher(key)
	if err == nil {
		k.gcm, err = cipher.NewGCM(block)
	}
	return err
}

// expand is what TLS 1.3 makes keys with.
func expand(secret []byte, label string, n int) ([]byte, error) {
	label = "tls13 " + label
	return hkdf.Expand(sha256.New, secret, string([]byte{0, byte(n), byte(len(label))})+label+"\x00", n)
}

// record is one with a message. A message that announces a new key is the last with the
// old one.
func (k *seal) record(kind byte, message []byte) []byte {
	seq := binary.BigEndian.AppendUint64(nil, k.seq)
	k.seq++
	if k.secret == nil {
		additional := join(seq, []byte{kind, 3, 3, byte(len(message) >> 8), byte(len(message))})
		return record(kind, 0x0303, join(seq, k.gcm.Seal(nil, join(k.nonce, seq), message, additional)))
	}
	nonce := bytes.Clone(k.nonce)
	for i := range seq {
		nonce[4+i] ^= seq[i]
	}
	inner := append(bytes.Clone(message), kind)
	n := len(inner) + k.gcm.Overhead()
	b := record(23, 0x0303, k.gcm.Seal(nil, nonce, inner, []byte{23, 3, 3, byte(n >> 8), byte(n)}))
	if kind == 22 && len(message) == 5 && message[0] == 24 {
		if secret, err := expand(k.secret, "traffic upd", 32); err == nil {
			if next, err := newSeal(secret); err == nil {
				*k = *next
			}
		}
	}
	return b
}
