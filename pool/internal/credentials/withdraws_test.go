package credentials

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
	load := func(cfg *Config) *Credentials {
		c, err := cfg.Load(time.Now())
		noError(t, err)
		return c
	}
	one, two := load(&Config{CAPEM: pem[0]}), load(&Config{CAPEM: pem[1]})
	both := load(&Config{CAPEM: slices.Concat(pem[1], pem[0])})
	for name, c := range map[string]struct {
		from, to *Credentials
		want     bool
	}{
		"plain for ever":        {nil, nil, false},
		"plain to TLS":          {nil, one, true},
		"TLS to plain":          {one, nil, false},
		"the same again":        {one, load(&Config{CAPEM: pem[0]}), false},
		"in another order":      {both, load(&Config{CAPEM: slices.Concat(pem[0], pem[1])}), false},
		"another authority":     {one, two, true},
		"one more":              {one, both, false},
		"one less":              {both, two, true},
		"the region by default": {one, load(&Config{CAPEM: pem[0], Region: "global"}), false},
		"another region":        {one, load(&Config{CAPEM: pem[0], Region: "mars"}), true},
		"another name":          {one, load(&Config{CAPEM: pem[0], ServerName: "localhost"}), true},
		"the name that it was":  {one, load(&Config{CAPEM: pem[0], ServerName: "server.global.nomad"}), false},
	} {
		if got := c.to.Withdraws(c.from); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}
