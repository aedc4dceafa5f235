package pool_test

import (
	"crypto/tls"
	"slices"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/pool"
)

func TestASuiteThatIsOfNoUseIsNamedWithThoseThatAre(t *testing.T) {
	ca := newAuthority(t)
	for name, c := range map[string]struct {
		suites  []uint16
		problem pool.TLSProblem
		says    string
	}{
		"RC4":                     {[]uint16{tls.TLS_RSA_WITH_RC4_128_SHA}, pool.TLSInsecureSuite, "TLS_RSA_WITH_RC4_128_SHA"},
		"without forward secrecy": {[]uint16{tls.TLS_RSA_WITH_AES_256_GCM_SHA384}, pool.TLSInsecureSuite, "TLS_RSA_WITH_AES_256_GCM_SHA384"},
		"3DES behind a good one":  {[]uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA}, pool.TLSInsecureSuite, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"},
		"unknown":                 {[]uint16{0x1234}, pool.TLSUnknownSuite, "0x1234"},
		"zero":                    {[]uint16{0}, pool.TLSUnknownSuite, "0x0000"},
		"TLS 1.3 alone":           {[]uint16{tls.TLS_AES_128_GCM_SHA256}, pool.TLSNoSuite, "TLS_AES_128_GCM_SHA256"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := ca.agent()
			cfg.CipherSuites = c.suites
			_, err := pool.New(pool.Config{TLS: cfg})
			if e := as[*pool.TLSConfigError](t, err); e.Field != "CipherSuites" || e.Problem != c.problem {
				t.Errorf("%+v", e)
			}
			for _, part := range []string{string(c.problem), c.says, "give some of ", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%v\nlacks %q", err, part)
				}
			}
		})
	}
}

func TestNamesOfSuitesAreReadAsGoAndNomadWriteThem(t *testing.T) {
	for text, want := range map[string][]uint16{
		"":  nil,
		" ": nil,
		"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305,TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305": {
			tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305,
		},
		"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, TLS_AES_128_GCM_SHA256": {
			tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305, tls.TLS_AES_128_GCM_SHA256,
		},
		"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": {tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA},
	} {
		if got, err := pool.ParseCipherSuites(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %x, %v", text, got, err)
		}
	}
	for text, want := range map[string]pool.TLSProblem{
		"TLS_RSA_WITH_AES_128_CBC_SHA":               pool.TLSInsecureSuite,
		"tls_ecdhe_rsa_with_aes_128_gcm_sha256":      pool.TLSUnknownSuite,
		"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,":     pool.TLSUnknownSuite,
		"ECDHE-RSA-AES128-GCM-SHA256":                pool.TLSUnknownSuite,
		"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;TLS_": pool.TLSUnknownSuite,
	} {
		_, err := pool.ParseCipherSuites(text)
		if e := as[*pool.TLSConfigError](t, err); e.Problem != want || !strings.Contains(err.Error(), "give some of TLS_ECDHE_") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestNamesOfVersionsAreReadAsGoAndNomadWriteThem(t *testing.T) {
	for text, want := range map[string]uint16{
		"": 0, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13, "tls12": tls.VersionTLS12, "tls13": tls.VersionTLS13,
		tls.VersionName(tls.VersionTLS12): tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13, "tls1.3\n": tls.VersionTLS13,
	} {
		if got, err := pool.ParseTLSVersion(text); err != nil || got != want {
			t.Errorf("%q: %x, %v", text, got, err)
		}
	}
	for _, text := range []string{"tls10", "1.1", "SSLv3", "tls", "1.4", "12.", "0x0303"} {
		_, err := pool.ParseTLSVersion(text)
		if e := as[*pool.TLSConfigError](t, err); e.Problem != pool.TLSBadVersion || !strings.Contains(err.Error(), `must be TLS 1.2 or 1.3: "`+text+`"`) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
