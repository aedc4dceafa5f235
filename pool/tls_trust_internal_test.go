package pool

import (
	"slices"
	"testing"
	"time"

	"github.com/open-nomad/rpcproxy/testutil"
)

func TestWhichCredentialsWithdrawTrust(t *testing.T) {
	var pem [2][]byte
	for i := range pem {
		ca, err := testutil.NewCA()
		noError(t, err)
		pem[i] = ca.PEM()
	}
	load := func(cfg *TLSConfig) *credentials {
		c, err := cfg.load(time.Now())
		noError(t, err)
		return c
	}
	one, two := load(&TLSConfig{CAPEM: pem[0]}), load(&TLSConfig{CAPEM: pem[1]})
	both := load(&TLSConfig{CAPEM: slices.Concat(pem[1], pem[0])})
	for name, c := range map[string]struct {
		from, to *credentials
		want     bool
	}{
		"plain for ever":        {nil, nil, false},
		"plain to TLS":          {nil, one, true},
		"TLS to plain":          {one, nil, false},
		"the same again":        {one, load(&TLSConfig{CAPEM: pem[0]}), false},
		"in another order":      {both, load(&TLSConfig{CAPEM: slices.Concat(pem[0], pem[1])}), false},
		"another authority":     {one, two, true},
		"one more":              {one, both, false},
		"one less":              {both, two, true},
		"the region by default": {one, load(&TLSConfig{CAPEM: pem[0], Region: "global"}), false},
		"another region":        {one, load(&TLSConfig{CAPEM: pem[0], Region: "mars"}), true},
		"another name":          {one, load(&TLSConfig{CAPEM: pem[0], ServerName: "localhost"}), true},
		"the name that it was":  {one, load(&TLSConfig{CAPEM: pem[0], ServerName: "server.global.nomad"}), false},
	} {
		if got := c.to.withdraws(c.from); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}
