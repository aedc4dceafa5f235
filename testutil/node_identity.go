package testutil

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// signer makes and checks the identities of nodes. They are tokens in the form
// and of the length of real ones (golden register_heartbeat), but the signature
// is a keyed hash: only the cluster that made one can check it.
type signer struct {
	region string
	key    [32]byte
	kid    string
}

// claims is the content of an identity. The order is that of the recordings.
type claims struct {
	Audience   string `json:"aud"`
	Expiry     int64  `json:"exp"`
	IssuedAt   int64  `json:"iat"`
	ID         string `json:"jti"`
	NotBefore  int64  `json:"nbf"`
	Datacenter string `json:"nomad_node_datacenter"`
	NodeID     string `json:"nomad_node_id"`
	Pool       string `json:"nomad_node_pool"`
	Subject    string `json:"sub"`
}

// signatureBytes is the length of a signature with RSA 2048.
const signatureBytes = 256

func newSigner(region string, rng *rand.Rand) *signer {
	s := &signer{region: region, kid: randomUUID(rng)}
	for i := range s.key {
		s.key[i] = byte(rng.Uint32())
	}
	return s
}

// sign makes a new identity for a node.
func (s *signer) sign(n *node, rng *rand.Rand, now time.Time) string {
	header, _ := json.Marshal(struct { // strings can always be encoded
		Alg string `json:"alg"`
		Kid string `json:"kid"`
		Typ string `json:"typ"`
	}{"RS256", s.kid, "JWT"})
	body, _ := json.Marshal(claims{ // likewise
		Audience: "nomadproject.io", Expiry: now.Add(24 * time.Hour).Unix(), IssuedAt: now.Unix(),
		ID: randomUUID(rng), NotBefore: now.Unix(), Datacenter: n.Datacenter, NodeID: n.ID, Pool: n.pool,
		Subject: "node:" + s.region + ":" + n.pool + ":" + n.ID + ":default",
	})
	token := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(body)
	return token + "." + s.signature(token)
}

func (s *signer) signature(of string) string {
	mac := hmac.New(sha256.New, s.key[:])
	_, _ = mac.Write([]byte(of)) // a hash takes everything
	sum := mac.Sum(nil)
	var signature [signatureBytes]byte
	for i := range signature {
		signature[i] = sum[i%len(sum)]
	}
	return base64.RawURLEncoding.EncodeToString(signature[:])
}

// verify returns an identity's claims, if it was signed here. It does not
// expire: a cluster of tests is over before.
func (s *signer) verify(token string) (c claims, ok bool) {
	end := strings.LastIndexByte(token, '.')
	if end < 0 || !hmac.Equal([]byte(s.signature(token[:end])), []byte(token[end+1:])) {
		return c, false
	}
	_, body, _ := strings.Cut(token[:end], ".")
	raw, err := base64.RawURLEncoding.DecodeString(body)
	return c, err == nil && json.Unmarshal(raw, &c) == nil
}

func randomUUID(rng *rand.Rand) string {
	a, b := rng.Uint64(), rng.Uint64()
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", a>>32, a>>16&0xffff, a&0xffff, b>>48, b&(1<<48-1))
}

// NodeID makes an ID for a node out of a name: the same one always, and in the
// form that servers want.
func NodeID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
