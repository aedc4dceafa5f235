package consul_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/open-nomad/rpcproxy/proxy/discover/consul"
	"github.com/open-nomad/rpcproxy/testutil"
	"github.com/open-nomad/rpcproxy/testutil/consultest"
)

// refuses makes no Discoverer, and the error names the field, the path and the reason.
func refuses(t *testing.T, cfg consul.Config, field, path, says string) {
	t.Helper()
	_, err := consul.New(cfg)
	bad, ok := errors.AsType[*consul.ConfigError](err)
	if !ok || bad.Field != field || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), says) {
		t.Errorf("%v, want %s, %s, %q", err, field, path, says)
	}
}

func TestATokenFileIsASmallFileWithAToken(t *testing.T) {
	c := start(t, consultest.Config{Token: "known"})
	c.SetServices("dc1", at("10.0.0.1"))
	for _, text := range []string{"known", " known\r\n\r\n", "\ufeffknown\n", "\n\tknown"} {
		finds(t, finder(t, consul.Config{Address: c.Addr(), TokenFile: file(t, text)}), "10.0.0.1:4647")
	}
	dir := t.TempDir()
	odd := filepath.Join(dir, "a\x1b[2J")
	for path, says := range map[string]string{
		dir:                               "which cannot be read: it is a directory: give a regular file",
		file(t, strings.Repeat("x", 1e5)): "it has 100000 bytes, and 65536 are the most",
		file(t, ""):                       "which holds no token",
		file(t, "two\nlines"):             "which holds no token",
		file(t, "\xff\xfek\x00n\x00"):     "which holds no token",
		filepath.Join(dir, "none"):        "cannot be read",
	} {
		refuses(t, consul.Config{Address: c.Addr(), TokenFile: path}, "TokenFile", path, says)
	}
	refuses(t, consul.Config{Address: c.Addr(), TokenFile: odd}, "TokenFile", `a\x1b[2J`, "cannot be read")
	if _, err := consul.New(consul.Config{TokenFile: odd}); strings.ContainsRune(err.Error(), '\x1b') {
		t.Errorf("%q", err)
	}
}

func TestFilesForTLSAreTakenAsPeopleHaveThem(t *testing.T) {
	_, ca, good := secured(t)
	read := func(path string) []byte {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	other, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	cert, key := read(good.CertFile), read(good.KeyFile)
	both := string(other.PEM()[:len(other.PEM())-1]) + string(ca.PEM()) // joined without a line end
	for name, change := range map[string]func(*consul.Config){
		"joined":               func(cfg *consul.Config) { cfg.CAFile = file(t, both) },
		"CR LF":                func(cfg *consul.Config) { cfg.CAFile = file(t, strings.ReplaceAll(both, "\n", "\r\n")) },
		"the leaf is last":     func(cfg *consul.Config) { cfg.CertFile = file(t, string(ca.PEM())+string(cert)) },
		"certificate with key": func(cfg *consul.Config) { cfg.CertFile = file(t, string(key)+string(cert)); cfg.KeyFile = cfg.CertFile },
	} {
		cfg := good
		change(&cfg)
		if got, err := finder(t, cfg).Discover(limited(t)); err != nil || len(got) != 1 {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	locked := string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte{1}}))
	for _, c := range []struct {
		change      func(*consul.Config, string)
		text        string
		field, says string
	}{
		{func(cfg *consul.Config, path string) { cfg.CAFile = path }, both[:len(both)-40], "CAFile", "block 2 (line"},
		{func(cfg *consul.Config, path string) { cfg.CAFile = path }, string(key), "CAFile", "it holds a private key only"},
		{func(cfg *consul.Config, path string) { cfg.CertFile = path }, string(key), "CertFile", "no CERTIFICATE block"},
		{func(cfg *consul.Config, path string) { cfg.CertFile = path }, string(ca.PEM()), "CertFile", "is not its key"},
		{func(cfg *consul.Config, path string) { cfg.KeyFile = path }, locked, "KeyFile", "passphrase"},
		{func(cfg *consul.Config, path string) { cfg.KeyFile = path }, string(cert), "KeyFile", "no PRIVATE KEY block"},
	} {
		cfg, path := good, file(t, c.text)
		c.change(&cfg, path)
		refuses(t, cfg, c.field, path, c.says)
	}
	for field, spoil := range map[string]func(*consul.Config){
		"KeyFile": func(cfg *consul.Config) { cfg.KeyFile = "" }, "CertFile": func(cfg *consul.Config) { cfg.CertFile = "" },
	} {
		cfg := good
		spoil(&cfg)
		refuses(t, cfg, field, "", "give both, or neither")
	}
}

// The layout is that of a mounted secret: a link to a directory, and links into it.
func TestADirectoryOfAuthoritiesMayHaveLinks(t *testing.T) {
	_, ca, cfg := secured(t)
	cfg.CAFile, cfg.Scheme = "", "https"
	other, err := testutil.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "..v1"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..v1", filepath.Join(dir, "..data")); err != nil {
		t.Skip(err)
	}
	for name, text := range map[string][]byte{"ca.pem": ca.PEM(), "other.pem": other.PEM()} {
		write(t, filepath.Join(dir, "..v1", name), string(text))
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("CONSUL_CAPATH", dir)
	finds(t, finder(t, cfg), "10.0.0.1:4647")
	bad := filepath.Join(dir, "notes")
	write(t, bad, string(bytes.TrimSuffix(ca.PEM(), []byte("-----END CERTIFICATE-----\n"))))
	refuses(t, cfg, "CONSUL_CAPATH", bad, "the CERTIFICATE has no end")
	t.Setenv("CONSUL_CAPATH", filepath.Join(dir, "none"))
	refuses(t, cfg, "CONSUL_CAPATH", "none", "cannot be read")
}
